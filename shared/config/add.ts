// A first source and enrichment for a table, proposed from what its columns look like. It explains itself in comments,
// since its reader knows the data and we do not.
import { isMap, isScalar, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml';
import { AfterglowError } from '../errors/catalogue.ts';
import { createScope, nullHint } from '../expressions/compile.ts';
import type { Column, Table } from '../postgres/catalog.ts';
import { type ColumnGuesses, guessColumns } from './column-guesses.ts';
import type { Definition } from './definition.ts';
import { keyProblem } from './source-tables.ts';
import { formatTableName } from './values.ts';

export interface Proposal {
  readonly source: string;
  /** Undefined when no column is of use to a model. */
  readonly enrichment: string | undefined;
  /** The entry below `sources:`, without indent. */
  readonly sourceYaml: string;
  /** The entry below `enrichments:`, without indent; '' without one. */
  readonly enrichmentYaml: string;
}

/** @throws AfterglowError table_without_key when no row of it could be named, usage when a source reads it already */
export function proposeSource(table: Table, definition?: Definition): Proposal {
  const written = formatTableName({ schema: table.schema, name: table.name });
  const problem = keyProblem(table);
  if (problem !== undefined) {
    throw new AfterglowError('table_without_key', `${written}: ${problem.message}.`, {
      remedy: problem.instead,
    });
  }
  for (const [name, source] of Object.entries(definition?.sources ?? {})) {
    if (formatTableName(source.table) !== written) continue;
    throw new AfterglowError('usage', `Source ${name} reads ${written} already.`, {
      remedy: `Write an enrichment with \`from: ${name}\`; docs/definition.md has every setting.`,
    });
  }
  const guesses = guessColumns(table, createScope(table.columns, { now: true }));
  const source = freeName(toName(table.name), Object.keys(definition?.sources ?? {}));
  const draft = draftEnrichment(source, guesses);
  const taken = [...Object.keys(definition?.enrichments ?? {}), ...prefixesOf(table)];
  const enrichment =
    draft === undefined ? undefined : freeName(`${source.slice(0, 18)}_${draft.suffix}`, taken);
  return {
    source,
    enrichment,
    sourceYaml: sourceEntry(source, written, guesses),
    enrichmentYaml: draft === undefined ? '' : `${enrichment}:\n${indent(draft.lines(table.key), 2)}`,
  };
}

function sourceEntry(name: string, table: string, { personal, unspeakable }: ColumnGuesses): string {
  const lines = [`table: ${inline(table)}`];
  if (personal.length > 0) {
    lines.push(
      '# These look personal, so they are kept in the database. Take out what a model needs.',
      '# A list blocks ALTER and DROP of the published columns: docs/definition.md has the way round it.',
      `exclude: ${inline(personal.map((column) => column.name))}`,
    );
  }
  for (const column of unspeakable)
    lines.push(`# An expression cannot spell ${JSON.stringify(column.name)}.`);
  return `${name}:\n${indent(lines, 2)}`;
}

interface Draft {
  readonly suffix: string;
  lines(key: readonly string[]): readonly string[];
}

/** Prose first, since nothing else reads it; then numbers; then any other text. */
function draftEnrichment(source: string, guesses: ColumnGuesses): Draft | undefined {
  const { prose, texts, features, language } = guesses;
  if (prose.length > 0) return { suffix: 'sentiment', lines: () => sentiment(source, prose, language) };
  if (features.length > 0) return { suffix: 'model', lines: (key) => scoring(source, features, key) };
  return texts.length > 0 ? { suffix: 'embedding', lines: () => embedding(source, texts) } : undefined;
}

function sentiment(
  source: string,
  prose: readonly Column[],
  language: Column | undefined,
): readonly string[] {
  const length = prose
    .map((column) => `size(${column.nullable ? nullHint(column) : column.name})`)
    .join(' + ');
  const settings = language === undefined ? 'fallback: en' : `column: ${inline(language.name)}, fallback: en`;
  return [
    `from: ${source}`,
    '# A call is billed for 300 characters, however short the text.',
    `when: ${inline(`${length} >= 20`)}`,
    'model:',
    '  kind: comprehend',
    `  language: { ${settings} }`,
    "  # The account's quota, shared by all workers.",
    '  rate: 10/s',
    '# To find rows by meaning instead, or as well: kind titan-embedding with the same input.',
    `input: ${inline(prose.map((column) => column.name))}`,
    `flag: ${inline('label == "NEGATIVE" && confidence >= 0.8')}`,
  ];
}

function scoring(source: string, features: readonly Column[], key: readonly string[]): readonly string[] {
  const score = key.includes('score') ? 'model_score' : 'score';
  const endpoint = source.replaceAll('_', '-').replace(/-+$/, '');
  return [
    `from: ${source}`,
    'model:',
    '  kind: sagemaker',
    `  endpoint: \${${source.toUpperCase()}_ENDPOINT:-${endpoint}}`,
    '  # Change it when the model behind the endpoint changes.',
    '  version: "1"',
    '  format: csv',
    '# The order is the contract with the model: make it the one it was trained with.',
    'input:',
    ...features.map((column) => `  - ${feature(column)}`),
    '# Only finite numbers are accepted.',
    `output: { ${score}: float }`,
    `flag: ${score} >= 0.9`,
  ];
}

/** A column that may be NULL says what NULL means; an enum becomes its place, NULL a place of its own. */
function feature(column: Column): string {
  if (column.labels === null) {
    return inline(column.nullable ? { [column.name]: nullHint(column) } : column.name);
  }
  const labels = column.nullable ? ['', ...column.labels] : column.labels;
  const value = column.nullable ? nullHint(column) : column.name;
  return inline({
    [column.name]: `code(${value}, [${labels.map((label) => JSON.stringify(label)).join(', ')}])`,
  });
}

function embedding(source: string, texts: readonly Column[]): readonly string[] {
  return [
    `from: ${source}`,
    "# rate: the account's quota, shared by all workers.",
    'model: { kind: titan-embedding, dimensions: 1024, rate: 60/m }',
    `input: ${inline(texts.map((column) => column.name))}`,
  ];
}

/** The definition with the proposal in it; every other character stays as it is. */
export function insertProposal(text: string, proposal: Proposal): string {
  const withSource = insertEntry(text, 'sources', proposal.sourceYaml);
  return proposal.enrichmentYaml === ''
    ? withSource
    : insertEntry(withSource, 'enrichments', proposal.enrichmentYaml);
}

function insertEntry(text: string, block: 'sources' | 'enrichments', entry: string): string {
  const { contents } = parseDocument(text, { logLevel: 'silent' });
  const pair = isMap(contents)
    ? contents.items.find((item) => isScalar(item.key) && item.key.value === block)
    : undefined;
  const end = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  if (pair === undefined) return `${end}\n${block}:\n${indent(entry.split('\n'), 2)}\n`;
  const map = pair.value;
  if (!isMap(map) || map.flow || map.items.length === 0) {
    throw new AfterglowError(
      'usage',
      `The entries of ${block} stand in one line, so nothing can be added there.`,
      {
        remedy: `Write each entry of ${block} on a line of its own, or copy the proposal by hand.`,
      },
    );
  }
  const column = columnOf(text, map);
  const at = lineAfter(end, (map.range?.[1] ?? end.length) - 1);
  return `${end.slice(0, at)}\n${indent(entry.split('\n'), column)}\n${end.slice(at)}`;
}

function columnOf(text: string, map: YAMLMap): number {
  const [first] = map.items as Pair<{ range?: [number, number, number] }>[];
  const start = first?.key.range?.[0] ?? 0;
  return start - (text.lastIndexOf('\n', start - 1) + 1);
}

/** The beginning of the line after the last one that holds something of the entry before `offset`. */
function lineAfter(text: string, offset: number): number {
  let last = offset;
  while (last > 0 && /\s/.test(text[last] ?? '')) last -= 1;
  const newline = text.indexOf('\n', last);
  return newline < 0 ? text.length : newline + 1;
}

function indent(lines: readonly string[], columns: number): string {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(columns) + line)).join('\n');
}

/** On one line, quoted where YAML needs it. */
function inline(value: unknown): string {
  const style = Array.isArray(value) ? { collectionStyle: 'flow' as const } : {};
  return stringify(value, { lineWidth: 0, flowCollectionPadding: false, ...style }).trim();
}

function toName(text: string): string {
  const name = text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '_');
  return (
    name
      .replace(/^[^a-z]+/, '')
      .replace(/_enriched$/, '')
      .slice(0, 31) || 'source'
  );
}

function freeName(wanted: string, taken: readonly string[]): string {
  for (let number = 2, name = wanted; ; number += 1) {
    if (!taken.includes(name)) return name;
    name = `${wanted.slice(0, 27)}_${number}`;
  }
}

/** What an enrichment must not be called, since its view columns would be columns of the table already. */
function prefixesOf(table: Table): readonly string[] {
  return table.columns.flatMap(({ name }) =>
    [...name.matchAll(/_/g)].map((match) => name.slice(0, match.index)),
  );
}
