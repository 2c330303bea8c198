// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the file takes values from the environment.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Catalog, Column, Table } from '../postgres/catalog.ts';
import { checkDefinition } from './check.ts';
import { column, customers, demoCatalog, reviews, table, transactions } from './fixtures/demo-catalog.ts';
import { parseDefinition } from './parse.ts';

const FULL = readFileSync(new URL('./fixtures/full.yaml', import.meta.url), 'utf8');

function told(
  text: string,
  catalog: Catalog = demoCatalog,
  environment: Record<string, string> = {},
): readonly string[] {
  return checkDefinition(parseDefinition(text, 'full.yaml', environment), catalog).map(
    ({ line, column: at, path, severity, message, instead }) =>
      `${line}:${at} ${severity === 'warning' ? '(warning) ' : ''}${path}: ${message}${instead === undefined ? '' : ` -> ${instead}`}`,
  );
}

function changed(from: string, to: string): string {
  if (!FULL.includes(from)) throw new Error(`${from} is not in the definition`);
  return FULL.replace(from, to);
}

/** The demo schema with one table another than it is. */
function withTable(other: Table): Catalog {
  return { tables: demoCatalog.tables.map((each) => (each.name === other.name ? other : each)) };
}

function withColumn(of: Table, name: string, more: Partial<Column>): Catalog {
  return withTable({
    ...of,
    columns: of.columns.map((each) => (each.name === name ? { ...each, ...more } : each)),
  });
}

test('the shipped definition and the full example fit the demo schema', () => {
  expect(told(FULL)).toEqual([]);
  expect(told(readFileSync(new URL('../../afterglow.yaml', import.meta.url), 'utf8'))).toEqual([]);
});

describe('a definition that does not fit', () => {
  test.each([
    [
      'table: public.reviews',
      'table: public.review',
      '7:21 sources.reviews.table: the database has no such table -> public.reviews',
    ],
    [
      'exclude: [card_last4]',
      'exclude: [card_last_4]',
      '6:57 sources.transactions.exclude.0: the table has no such column -> card_last4',
    ],
    [
      'exclude: [card_last4]',
      'exclude: [id]',
      '6:57 sources.transactions.exclude.0: this is a key column, and every event names its row by the key -> the other columns only',
    ],
    [
      'exclude: [card_last4]',
      'exclude: [amount]',
      '21:9 enrichments.fraud.input.0: amount is excluded, so it never leaves the database -> another column, or take amount out of exclude',
    ],
    [
      '- amount',
      '- 100 + amount * card_present',
      '21:15 enrichments.fraud.input.0: no such overload: double * bool',
    ],
    ['- amount', '- amont', '21:9 enrichments.fraud.input.0: there is no amont here -> amount'],
    [
      '- amount',
      '- distance_from_home_km',
      '21:9 enrichments.fraud.input.0: distance_from_home_km may be NULL, so say what NULL means -> distance_from_home_km.orValue(0)',
    ],
    [
      '- amount',
      '- merchant_name',
      '21:9 enrichments.fraud.input.0: this must be a number or a boolean, and it is string -> code(merchant_name, ["…", "…"]), the zero-based place in a list',
    ],
    [
      '- amount',
      '- occurred_at',
      '21:9 enrichments.fraud.input.0: this must be a number or a boolean, and it is timestamp -> days(now - occurred_at) or occurred_at.getHours()',
    ],
    [
      'when: kind == "purchase"',
      'when: kind == "purchse"',
      '13:19 (warning) enrichments.fraud.when: kind is never "purchse": it is an enum without this label -> purchase',
    ],
    [
      'when: kind == "purchase"',
      'when: amount',
      '13:11 enrichments.fraud.when: this must be true or false, and it is double',
    ],
    [
      'days(now - last_login_at.orValue(signed_up_at))',
      'days(now - last_login_at)',
      '58:32 enrichments.churn.input.0.days_since_login: last_login_at may be NULL, so say what NULL means: no such overload: timestamp - optional<timestamp> -> last_login_at.orValue(now)',
    ],
    [
      '"digital", "gambling", "cash"]',
      '"digital", "gambling", "cas"]',
      '28:34 (warning) enrichments.fraud.input.5.category: merchant_category is never "cas": it is an enum without this label -> cash',
    ],
    [
      'input: [title, body]\n    flag',
      'input: [title, rating]\n    flag',
      '43:20 enrichments.sentiment.input.1: this must be a text, and it is int -> string(rating)',
    ],
    [
      'column: language',
      'column: langage',
      '41:27 enrichments.sentiment.model.language.column: public.reviews has no such column -> language',
    ],
    [
      'output: { score: float }',
      'output: { id: float, score: float }',
      '29:15 enrichments.fraud.output.id: id is a key column of public.transactions and an output too -> fraud_id',
    ],
    [
      'when: size(body) >= 20',
      'when: size(title) >= 20',
      '38:11 enrichments.sentiment.when: title may be NULL, so say what NULL means: found no matching overload for \'size(optional<string>)\' -> title.orValue("")',
    ],
  ])('%j written as %j', (from, to, expected) => {
    expect(told(changed(from, to))).toContain(expected);
  });

  test('and both halves of the check are told at once, each mistake once', () => {
    const text = changed('pipeline: afterglow', 'pipeline: Afterglow')
      .replace('rows: 100', 'rows: none')
      .replace('- amount', '- amont')
      .replace('flag: score', 'flag: scor');
    expect(told(text).map((line) => line.split(' ')[1])).toEqual([
      'pipeline:',
      'enrichments.fraud.model.batch.rows:',
      'enrichments.fraud.input.0:',
      'enrichments.fraud.flag:',
    ]);
  });

  test('and what hangs on a mistake is not a mistake of its own', () => {
    expect(told(changed('from: transactions', 'from: transaction'))).toHaveLength(1);
    expect(told(changed('table: public.transactions', 'table: transactions'))).toHaveLength(1);
  });

  test('and an expression from the environment is not quoted', () => {
    const text = changed('when: kind == "purchase"', 'when: ${FILTER}');
    const [only, ...others] = told(text, demoCatalog, { FILTER: 'hunter2 > 1' });
    expect(others).toEqual([]);
    expect(only).toBe('13:11 enrichments.fraud.when: the expression from the environment is not right here');
  });
});

describe('a table that cannot be a source', () => {
  const remedy = 'SQL: alter table "public"."transactions"';
  test.each([
    [
      'without a key',
      { key: [] },
      'the table has no replica identity that names a row',
      `${remedy} add primary key (…), or`,
    ],
    [
      'that says nothing of rows',
      { key: [], replicaIdentity: 'nothing' },
      'no replica identity',
      `${remedy} replica identity default`,
    ],
    ['that is a view', { kind: 'other' }, 'this is not a table', 'the table below it'],
    [
      'with a numeric key',
      { key: ['amount'] },
      'its key column amount is numeric(12,2)',
      `${remedy} replica identity using index`,
    ],
    [
      'with a float in its key',
      { key: ['id', 'distance_from_home_km'] },
      'distance_from_home_km is double precision',
      remedy,
    ],
  ] as const)('%s is refused with the fix', (_, more, message, instead) => {
    const lines = told(FULL, withTable({ ...transactions, ...more }));
    expect(lines.filter((line) => line.includes('sources.transactions.table'))).toHaveLength(1);
    expect(lines[0]).toContain(message);
    expect(lines[0]).toContain(`-> ${instead}`);
  });

  test('with a key in which different texts are equal is refused', () => {
    const catalog = withColumn({ ...customers, key: ['email'] }, 'email', { collationDeterministic: false });
    expect(told(FULL.replace(', email]', ']'), catalog)).toEqual([
      expect.stringContaining('its key column email has a collation in which different texts are equal'),
    ]);
  });
});

test('a generated column cannot be read, since it is not in the log', () => {
  expect(told(FULL, withColumn(transactions, 'amount', { generated: 'stored' }))).toEqual([
    '21:9 enrichments.fraud.input.0: amount is generated, and generated columns are not in the log -> the expression it is generated from',
  ]);
});

test('names that would meet in the view or beside a result are refused', () => {
  const scored = { ...reviews, columns: [...reviews.columns, column('sentiment_label', 'text', 'text')] };
  expect(told(FULL, withTable(scored))).toEqual([
    '36:3 enrichments.sentiment: its view column sentiment_label is a column of public.reviews already -> another name',
  ]);
  const keyed = table('reviews', [...reviews.columns, column('status', 'text', 'text')], {
    key: ['id', 'status'],
  });
  expect(told(FULL, withTable(keyed))).toEqual([
    expect.stringContaining('the key column status has the name of a column of ours'),
    expect.stringContaining('the key column status has the name of a column of ours'),
  ]);
});

test.each(['chunk', 'chunk_start', 'chunk_end', 'tokens', 'embedding'])(
  'a key column named %s would meet ours beside every vector',
  (name) => {
    const keyed = table('reviews', [...reviews.columns, column(name, 'integer', 'int')], {
      key: ['id', name],
    });
    expect(told(FULL, withTable(keyed))).toEqual([
      expect.stringMatching(
        `enrichments.embedding.from: the key column ${name} has the name of a column of ours beside every vector -> a table whose key`,
      ),
    ]);
  },
);

test('an inference component and a variant of an endpoint can be named, and misnamed', () => {
  const chosen = 'endpoint: ${FRAUD_ENDPOINT:-fraud-xgboost}';
  const named = `${chosen}\n      inference_component: fraud-a\n      target_variant: candidate`;
  expect(told(changed(chosen, named))).toEqual([]);
  expect(told(changed(chosen, named.replace('fraud-a', 'fraud a')))).toEqual([
    expect.stringContaining('enrichments.fraud.model.inference_component'),
  ]);
});
