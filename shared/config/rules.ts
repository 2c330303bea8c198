// What the schema cannot say: rules between settings. They need no database.

import { shadowedBy } from '../contracts/shadow.ts';
import { checkSyntax, compile, createScope } from '../expressions/compile.ts';
import { outputColumns } from '../expressions/enrichment-program.ts';
import { resultProblem } from '../expressions/results.ts';
import { RESULT_COLUMNS } from '../side-tables/enrichment-tables.ts';
import { type Definition, type Enrichment, modelKind, outputsOf } from './definition.ts';
import type { Finding, Path } from './mistake.ts';
import { nearest } from './nearest.ts';
import { formatTableName } from './values.ts';

/** Every name that is written, also of entries that could not be read: a mistake in a source is not one in its enrichments. */
export interface WrittenNames {
  readonly sources: readonly string[];
  readonly enrichments: readonly string[];
}

export function applyRules(definition: Definition, written: WrittenNames): readonly Finding[] {
  return [
    ...sourceFindings(definition),
    ...Object.entries(definition.enrichments).flatMap(([name, enrichment]) => [
      ...nameFindings(name, enrichment, definition, written),
      ...modelFindings(name, enrichment),
      ...outputFindings(name, enrichment),
      ...expressionFindings(name, enrichment),
      ...decideFindings(name, enrichment),
    ]),
    ...budgetFindings(definition, written),
  ];
}

function sourceFindings(definition: Definition): readonly Finding[] {
  const first = new Map<string, string>();
  const findings: Finding[] = [];
  if (Object.keys(definition.sources).length === 0) {
    findings.push({
      path: ['sources'],
      message: 'there is no source',
      instead: 'transactions: { table: public.transactions }',
    });
  }
  for (const [name, source] of Object.entries(definition.sources)) {
    const table = formatTableName(source.table);
    const other = first.get(table);
    if (other === undefined) first.set(table, name);
    else {
      const message = `source ${other} reads this table already`;
      findings.push({
        path: ['sources', name, 'table'],
        message,
        instead: `from: ${other} in the enrichments`,
      });
    }
    source.exclude.forEach((column, index) => {
      if (source.exclude.indexOf(column) === index) return;
      findings.push({
        path: ['sources', name, 'exclude', index],
        message: 'this column is named twice',
        instead: 'it once',
      });
    });
  }
  return findings;
}

function nameFindings(
  name: string,
  enrichment: Enrichment,
  definition: Definition,
  written: WrittenNames,
): readonly Finding[] {
  const path = ['enrichments', name];
  const findings: Finding[] = [];
  if (name === 'capture') {
    const message = 'dead.capture is the topic of the reader, so no enrichment can have this name';
    findings.push({ path, atKey: true, message, instead: 'another name' });
  }
  if (name.endsWith('_enriched')) {
    const message = '…_enriched is the name of the views';
    findings.push({ path, atKey: true, message, instead: name.replace(/_enriched$/, '') || 'another name' });
  }
  findings.push(...shadowFindings(name, enrichment, definition, written));
  if (!written.sources.includes(enrichment.from)) {
    const message = 'there is no such source';
    const instead = nearest(enrichment.from, written.sources) ?? oneOf(written.sources);
    findings.push({ path: [...path, 'from'], message, instead });
  }
  return findings;
}

/** <enrichment>_shadow runs beside <enrichment>, over the same rows. */
function shadowFindings(
  name: string,
  { from }: Enrichment,
  { enrichments }: Definition,
  written: WrittenNames,
): readonly Finding[] {
  const shadowed = shadowedBy(name);
  if (shadowed === undefined) return [];
  const path = ['enrichments', name];
  if (!written.enrichments.includes(shadowed)) {
    const message = `…_shadow runs beside the enrichment that it is named after, and there is no ${shadowed}`;
    return [{ path, atKey: true, message, instead: `${shadowed}, or another name` }];
  }
  if (shadowedBy(shadowed) !== undefined) {
    const message = `${shadowed} is a shadow itself`;
    return [{ path, atKey: true, message, instead: 'one shadow, beside the enrichment that counts' }];
  }
  const counting = enrichments[shadowed]?.from;
  if (counting === undefined || counting === from) return [];
  const message = `${shadowed}, beside which it runs, takes its rows from ${counting}`;
  return [{ path: [...path, 'from'], message, instead: counting }];
}

function modelFindings(name: string, { model }: Enrichment): readonly Finding[] {
  const problem = modelKind(model.kind).problemOf?.(model);
  if (problem === undefined) return [];
  const { setting, message, instead } = problem;
  return [{ path: ['enrichments', name, 'model', setting], message, instead }];
}

/** Columns of the result table and of the view that are ours, whatever the outputs are called. */
export const OUR_COLUMNS: ReadonlySet<string> = new Set([
  'status',
  ...RESULT_COLUMNS.map(({ name }) => name),
]);

function outputFindings(name: string, enrichment: Enrichment): readonly Finding[] {
  const path = ['enrichments', name, 'output'];
  const { kind } = enrichment.model;
  if (modelKind(kind).outputs !== 'declared') {
    if (enrichment.output === undefined) return [];
    const outputs = Object.keys(outputsOf(enrichment));
    const message = `the outputs of ${kind} are known: ${outputs.length === 0 ? 'vectors' : outputs.join(', ')}`;
    return [{ path, atKey: true, message, instead: 'nothing: leave output out' }];
  }
  if (enrichment.output === undefined) {
    return [
      { path, message: `what the ${kind} model answers is not said`, instead: 'output: { score: float }' },
    ];
  }
  return Object.keys(enrichment.output)
    .filter((output) => OUR_COLUMNS.has(output))
    .map((output) => ({
      path: [...path, output],
      atKey: true,
      message: `${output} is a column of ours beside every result`,
      instead: `${name}_${output}`.slice(0, 31),
    }));
}

/** The grammar of every expression, and the types of those that see outputs only. */
function expressionFindings(name: string, enrichment: Enrichment): readonly Finding[] {
  const path = ['enrichments', name];
  const places: { path: Path; text: string }[] = enrichment.input.map((part, index) => ({
    path: inputPath(name, index, part),
    text: part.expression,
  }));
  if (enrichment.when !== undefined) places.push({ path: [...path, 'when'], text: enrichment.when });
  const findings = places.flatMap((place): readonly Finding[] => {
    const problem = checkSyntax(place.text);
    return problem === undefined ? [] : [{ path: place.path, ...problem }];
  });
  const scope = createScope(outputColumns(enrichment), { now: false });
  const overOutputs = (text: string, at: Path): readonly Finding[] => {
    const compiled = compile(text, scope);
    if (!compiled.ok) return [{ path: at, ...compiled.problem }];
    const problem = resultProblem(compiled.expression, 'bool');
    return problem === undefined ? [] : [{ path: at, ...problem }];
  };
  if (enrichment.flag !== undefined) findings.push(...overOutputs(enrichment.flag, [...path, 'flag']));
  enrichment.decide?.forEach(({ action, when }, index) => {
    if (when !== null) findings.push(...overOutputs(when, [...path, 'decide', index, action]));
  });
  return findings;
}

/** Where an input's expression stands: `- amount` is the entry itself, `- hour: …` the value below the name. */
export function inputPath(
  enrichment: string,
  index: number,
  part: { name: string; expression: string },
): Path {
  const path = ['enrichments', enrichment, 'input', index];
  return part.name === part.expression ? path : [...path, part.name];
}

function decideFindings(name: string, enrichment: Enrichment): readonly Finding[] {
  const rules = enrichment.decide ?? [];
  const { refusedActions } = modelKind(enrichment.model.kind);
  return rules.flatMap((rule, index) => {
    const path = ['enrichments', name, 'decide', index];
    const findings: Finding[] = [];
    const why = refusedActions[rule.action];
    if (why !== undefined)
      findings.push({ path, message: `${rule.action} is refused: ${why}`, instead: 'hold' });
    if (rules.findIndex(({ action }) => action === rule.action) < index) {
      const message = `${rule.action} has a rule already`;
      findings.push({ path, message, instead: 'one rule with both conditions: a || b' });
    }
    if (rule.when === null && index < rules.length - 1) {
      const message = 'a bare action takes every row, so the rules below it are never reached';
      findings.push({ path, message, instead: `${rule.action} in the last place, or with its expression` });
    }
    return findings;
  });
}

function budgetFindings({ budget }: Definition, written: WrittenNames): readonly Finding[] {
  if (budget === undefined) return [];
  const path = ['budget', 'reserved_usd'];
  const findings = Object.keys(budget.reserved_usd)
    .filter((name) => !written.enrichments.includes(name))
    .map((name): Finding => {
      const instead = nearest(name, written.enrichments) ?? oneOf(written.enrichments);
      return { path: [...path, name], atKey: true, message: 'there is no such enrichment', instead };
    });
  const reserved = Object.values(budget.reserved_usd).reduce((sum, dollars) => sum + dollars, 0);
  if (reserved > budget.daily_usd) {
    const message = 'what is reserved is part of daily_usd, and together it is more';
    findings.push({ path, atKey: true, message, instead: 'smaller shares, or a larger daily_usd' });
  }
  return findings;
}

function oneOf(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `one of ${names.join(', ')}`;
}
