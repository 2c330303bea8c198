// An enum column compared with a text that is none of its labels can never be true: most likely a typo.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nearest } from '../config/nearest.ts';
import type { Column } from '../postgres/catalog.ts';
import type { Problem } from './problem.ts';

export function labelWarnings(
  nodes: readonly ASTNode[],
  columns: ReadonlyMap<string, Column>,
): readonly Problem[] {
  const enumOf = (node: ASTNode | undefined): Column | undefined => {
    // By now a column's node may carry the library's name for it, so compare by that too.
    const column = node?.op === 'id' ? columns.get(node.args.replace(/^column /, '')) : undefined;
    return column?.labels == null || column.array ? undefined : column;
  };
  return nodes.flatMap((node): readonly Problem[] => {
    if (node.op === '==' || node.op === '!=') {
      const [left, right] = node.args;
      return [...unknownLabels(enumOf(left), [right]), ...unknownLabels(enumOf(right), [left])];
    }
    if (node.op === 'in') return unknownLabels(enumOf(node.args[0]), elementsOf(node.args[1]));
    if (node.op === 'call' && node.args[0] === 'code') {
      const [value, list] = node.args[1];
      const column = enumOf(value);
      const elements = elementsOf(list);
      return [...unknownLabels(column, elements), ...missingLabels(column, elements, node)];
    }
    return [];
  });
}

function elementsOf(node: ASTNode | undefined): readonly ASTNode[] {
  return node?.op === 'list' ? node.args : [];
}

function unknownLabels(column: Column | undefined, nodes: readonly ASTNode[]): readonly Problem[] {
  const labels = column?.labels;
  if (column === undefined || labels == null) return [];
  return nodes.flatMap((node): readonly Problem[] => {
    if (node.op !== 'value' || typeof node.args !== 'string' || labels.includes(node.args)) return [];
    const message = `${column.name} is never "${node.args}": it is an enum without this label`;
    const instead = nearest(node.args, labels) ?? `one of ${labels.join(', ')}`;
    return [{ severity: 'warning', offset: node.start, message, instead }];
  });
}

function missingLabels(
  column: Column | undefined,
  nodes: readonly ASTNode[],
  at: ASTNode,
): readonly Problem[] {
  const listed = new Set(nodes.map((node) => (node.op === 'value' ? node.args : undefined)));
  const missing = column?.labels?.filter((label) => !listed.has(label)) ?? [];
  if (column === undefined || nodes.length === 0 || missing.length === 0) return [];
  const message = `a row whose ${column.name} is ${missing.join(' or ')} would fail: code() has no place for it`;
  return [{ severity: 'warning', offset: at.start, message, instead: 'a list with every label' }];
}
