// Reading the library's syntax tree: which names an expression uses, and what in it is refused.
import type { ASTNode } from '@marcbachmann/cel-js';

export interface Refusal {
  readonly node: ASTNode;
  readonly message: string;
  readonly instead: string;
}

export interface Reading {
  /** Every use of a free name, in the order of the text. */
  readonly names: readonly { readonly name: string; readonly node: ASTNode }[];
  /** Names that a macro binds: `tags.exists(tag, tag == "new")` binds tag. */
  readonly bound: readonly { readonly name: string; readonly node: ASTNode }[];
  readonly nodes: readonly ASTNode[];
}

const BINDING_METHODS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind']);

export function read(root: ASTNode): Reading {
  const names: { name: string; node: ASTNode }[] = [];
  const bound: { name: string; node: ASTNode }[] = [];
  const nodes: ASTNode[] = [];
  const walk = (node: ASTNode, hidden: ReadonlySet<string>): void => {
    nodes.push(node);
    if (node.op === 'id') {
      if (!hidden.has(node.args)) names.push({ name: node.args, node });
      return;
    }
    const variable = boundVariable(node);
    if (variable === undefined || node.op !== 'rcall') {
      for (const child of childrenOf(node)) walk(child, hidden);
      return;
    }
    bound.push({ name: variable.args, node: variable });
    const [, receiver, [, ...bodies]] = node.args;
    walk(receiver, hidden);
    for (const body of bodies) walk(body, new Set([...hidden, variable.args]));
  };
  walk(root, new Set());
  return { names, bound, nodes };
}

function boundVariable(node: ASTNode): (ASTNode & { readonly op: 'id'; readonly args: string }) | undefined {
  if (node.op !== 'rcall') return undefined;
  const [method, , [variable, ...bodies]] = node.args;
  return BINDING_METHODS.has(method) && bodies.length > 0 && variable?.op === 'id' ? variable : undefined;
}

type NodeList = readonly (ASTNode | NodeList | unknown)[];

function childrenOf(node: ASTNode): readonly ASTNode[] {
  const flatten = (args: unknown): readonly ASTNode[] => {
    if (Array.isArray(args)) return (args as NodeList).flatMap(flatten);
    return isNode(args) ? [args] : [];
  };
  return flatten(node.args);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'start' in value;
}

const ZONED_METHODS = new Set(
  [
    'Date',
    'DayOfMonth',
    'DayOfWeek',
    'DayOfYear',
    'FullYear',
    'Hours',
    'Milliseconds',
    'Minutes',
    'Month',
    'Seconds',
  ].map((part) => `get${part}`),
);
const WITH_ZONE = /(?:Z|[+-]\d\d:\d\d)$/;

/** What would make an outcome depend on more than the row, or cost more than the row is worth. */
export function refusalOf(nodes: readonly ASTNode[]): Refusal | undefined {
  for (const node of nodes) {
    const refused = refuse(node);
    if (refused !== undefined) return { node, ...refused };
  }
  return undefined;
}

function refuse(node: ASTNode): { message: string; instead: string } | undefined {
  if (node.op === 'rcall') {
    const [method, , args] = node.args;
    if (method === 'matches') {
      return {
        message: 'matches() is refused: a regular expression can take unbounded time on one row',
        instead: 'startsWith(), endsWith(), contains(), or a list: x in ["a", "b"]',
      };
    }
    if (method === 'getDayOfYear' || (ZONED_METHODS.has(method) && args.length > 0)) {
      return {
        message: `${method}(${args.length > 0 ? '…' : ''}) is refused: its answer depends on the machine's time zone`,
        instead: 'the UTC forms without an argument, getHours() or getMonth()',
      };
    }
  }
  if (node.op === 'call' && node.args[0] === 'timestamp') {
    const [argument] = node.args[1];
    if (argument?.op === 'value' && typeof argument.args === 'string' && !WITH_ZONE.test(argument.args)) {
      return {
        message: 'a timestamp without a zone depends on the machine',
        instead: 'timestamp("2026-01-31T00:00:00Z")',
      };
    }
  }
  return undefined;
}
