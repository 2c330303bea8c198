import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AfterglowError } from '../errors/catalogue.ts';
import type { Table } from '../postgres/catalog.ts';
import { insertProposal, proposeSource } from './add.ts';
import { checkDefinition } from './check.ts';
import { column, customers, reviews, table, transactions } from './fixtures/demo-catalog.ts';
import { formatMistakes } from './mistake.ts';
import { parseDefinition } from './parse.ts';

const EMPTY = 'version: 1\npipeline: mine\n';
const PAYMENTS = readFileSync(new URL('./fixtures/payments.yaml', import.meta.url), 'utf8');

function mistakesIn(text: string, tables: readonly Table[]): string {
  const loaded = parseDefinition(text, 'afterglow.yaml', {});
  return formatMistakes(checkDefinition(loaded, { tables }), text, { color: false });
}

const id = column('id', 'bigint', 'int8');
const weird = table(
  'Weird "Table"s.2'.replaceAll('"', ''),
  [
    column('Id', 'integer', 'int4'),
    column('part', 'uuid', 'uuid'),
    column('Full Name', 'text', 'text', { nullable: true }),
    column('homeAddress', 'text', 'text'),
    column('type', 'public.mood', 'mood', { labels: ['sad', 'a "quoted" one'], nullable: true }),
    column('as', 'integer', 'int4'),
    column('now', 'integer', 'int4'),
    column('Größe', 'numeric(6,2)', 'numeric'),
    column('IsOpen', 'boolean', 'bool', { nullable: true }),
    column('doubled', 'numeric', 'numeric', { generated: 'stored' }),
    column('scores', 'integer[]', 'int4', { array: true }),
  ],
  { schema: 'odd.schema', key: ['part', 'Id'] },
);

const TABLES: readonly (readonly [string, Table])[] = [
  ['numbers and enums', transactions],
  ['prose', reviews],
  ['people', customers],
  ['odd names and a composite key', weird],
  ['nothing but a key', table('links', [id])],
  ['texts that are no prose', table('products', [id, column('sku_label', 'text', 'text')])],
  ['nullable prose', table('tickets', [id, column('subject', 'text', 'text', { nullable: true })])],
  [
    'an output named like its key',
    table('grades', [column('score', 'integer', 'int4'), column('x', 'real', 'float4')], { key: ['score'] }),
  ],
  [
    'columns named like ours in the view',
    table('items', [id, column('n', 'integer', 'int4'), column('items_model_score', 'text', 'text')]),
  ],
  ['a name of another alphabet', table('заказы', [id, column('n', 'integer', 'int4')])],
  ['a long name', table(`${'very_'.repeat(12)}long`, [id, column('body', 'text', 'text')])],
];

test.each(TABLES)(
  '%s: the proposal passes the check it will meet, alone and beside others',
  (_, proposed) => {
    expect(mistakesIn(insertProposal(EMPTY, proposeSource(proposed)), [proposed])).toBe('');
    if (proposed === transactions) return;
    const { definition } = parseDefinition(PAYMENTS, 'afterglow.yaml', {});
    const text = insertProposal(PAYMENTS, proposeSource(proposed, definition));
    expect(mistakesIn(text, [transactions, proposed])).toBe('');
  },
);

test('prose is proposed for sentiment, and personal columns stay where they are', () => {
  const withEmail = { ...reviews, columns: [...reviews.columns, column('author_email', 'text', 'text')] };
  expect(insertProposal(EMPTY, proposeSource(withEmail))).toBe(`version: 1
pipeline: mine

sources:
  reviews:
    table: public.reviews
    # These look personal, so they are kept in the database. Take out what a model needs.
    # A list blocks ALTER and DROP of the published columns: docs/definition.md has the way round it.
    exclude: [author_email]

enrichments:
  reviews_sentiment:
    from: reviews
    # A call is billed for 300 characters, however short the text.
    when: size(title.orValue("")) + size(body) >= 20
    model:
      kind: comprehend
      language: { column: language, fallback: en }
      # The account's quota, shared by all workers.
      rate: 10/s
    # To find rows by meaning instead, or as well: kind titan-embedding with the same input.
    input: [title, body]
    flag: label == "NEGATIVE" && confidence >= 0.8
`);
});

test('numbers, booleans and enums are proposed for a model, and say what NULL means', () => {
  expect(proposeSource(transactions).enrichmentYaml).toContain(`
  input:
    - kind: code(kind, ["purchase", "refund"])
    - status: code(status, ["authorized", "settled", "declined", "charged_back"])
    - amount
    - merchant_category: code(merchant_category, ["grocery", "fuel", "restaurant", "clothing", "electronics", "travel", "digital", "gambling", "cash"])
    - card_present
    - attempts_10m
    - distance_from_home_km: distance_from_home_km.orValue(0)
`);
  expect(proposeSource(weird).enrichmentYaml).toContain(
    '- type: code(type.orValue(""), ["", "sad", "a \\"quoted\\" one"])',
  );
});

test('what looks personal is excluded, but never a key, and what no expression can spell is said', () => {
  expect(proposeSource(customers).sourceYaml).toContain('exclude: [full_name, email]');
  expect(proposeSource(transactions).sourceYaml).toContain('exclude: [card_last4]');
  expect(proposeSource({ ...customers, key: ['email'] }).sourceYaml).toContain('exclude: [full_name]');
  const { sourceYaml } = proposeSource(weird);
  expect(sourceYaml).toContain('table: \'"odd.schema"."Weird Tables.2"\'');
  expect(sourceYaml).toContain('exclude: [Full Name, homeAddress]');
  expect(sourceYaml).toContain('# An expression cannot spell "Größe".');
});

describe('put into a definition', () => {
  test('everything that was there stays as it was, to the letter', () => {
    const { definition } = parseDefinition(PAYMENTS, 'afterglow.yaml', {});
    const text = insertProposal(PAYMENTS, proposeSource(reviews, definition));
    const kept = PAYMENTS.split('\n');
    const lines = text.split('\n');
    let at = 0;
    for (const line of lines) if (line === kept[at]) at += 1;
    expect(kept.slice(at), 'the lines that were there, in their order').toEqual([]);
    expect(parseDefinition(text, 'afterglow.yaml', {}).definition?.enrichments.fraud).toEqual(
      definition?.enrichments.fraud,
    );
  });

  test('names that are taken get a number', () => {
    const { definition } = parseDefinition(
      insertProposal(EMPTY, proposeSource(reviews)),
      'afterglow.yaml',
      {},
    );
    const other = proposeSource({ ...reviews, schema: 'archive' }, definition);
    expect([other.source, other.enrichment]).toEqual(['reviews_2', 'reviews_2_sentiment']);
  });

  test('a block on one line is not taken apart', () => {
    const text = `${EMPTY}sources: { transactions: { table: public.transactions } }\n`;
    expect(() => insertProposal(text, proposeSource(reviews))).toThrow(/stand in one line/);
  });
});

function refusalOf(work: () => unknown): readonly [string, string] {
  try {
    work();
  } catch (error) {
    if (error instanceof AfterglowError) return [error.code, error.remedy];
    throw error;
  }
  throw new Error('it was not refused');
}

test('a table whose rows have no name is refused with the fix, one that is read already with the source', () => {
  expect(refusalOf(() => proposeSource({ ...reviews, key: [] }))).toEqual([
    'table_without_key',
    expect.stringContaining('alter table "public"."reviews" add primary key'),
  ]);
  expect(refusalOf(() => proposeSource({ ...transactions, key: ['amount'] }))).toEqual([
    'table_without_key',
    expect.stringContaining('replica identity using index'),
  ]);
  const { definition } = parseDefinition(PAYMENTS, 'afterglow.yaml', {});
  expect(refusalOf(() => proposeSource(transactions, definition))).toEqual([
    'usage',
    expect.stringContaining('from: transactions'),
  ]);
});
