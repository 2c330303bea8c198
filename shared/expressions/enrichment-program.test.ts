import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Enrichment, enrichment as schema } from '../config/definition.ts';
import { column, MERCHANT_CATEGORIES, reviews, transactions } from '../config/fixtures/demo-catalog.ts';
import type { Row } from '../contracts/events.ts';
import { Fault } from '../errors/policy.ts';
import type { Column } from '../postgres/catalog.ts';
import { compileEnrichment } from './enrichment-program.ts';

const NOW_MS = Date.parse('2026-11-20T09:15:02.123Z');

function fraud(more: Record<string, unknown> = {}): Enrichment {
  const written = {
    from: 'transactions',
    when: 'kind == "purchase"',
    model: { kind: 'sagemaker', endpoint: 'fraud-xgboost', version: '2026-10' },
    input: [
      'amount',
      'attempts_10m',
      'card_present',
      { hour_utc: 'occurred_at.getHours()' },
      { distance_km: 'distance_from_home_km.orValue(-1.0)' },
      { category: `code(merchant_category, ${JSON.stringify(MERCHANT_CATEGORIES)})` },
    ],
    output: { score: 'float' },
    flag: 'score >= 0.9',
    decide: [{ hold: 'score >= 0.9' }, { review: 'score >= 0.7' }, 'accept'],
    ...more,
  };
  // As from a file, where a setting that is left out is not there at all.
  return schema.parse(JSON.parse(JSON.stringify(written)));
}

const purchase: Row = {
  id: '9007199254740993',
  kind: 'purchase',
  amount: '129.90',
  attempts_10m: 3,
  card_present: true,
  occurred_at: '2026-11-20 23:59:59.999999+00',
  distance_from_home_km: null,
  merchant_category: 'fuel',
};

function evaluate(
  expression: string,
  value: Row['x'],
  described: Partial<Column> & { base: string },
): unknown {
  const only = column('x', described.type ?? described.base, described.base, described);
  const enrichment = fraud({ when: undefined, input: [expression] });
  const program = compileEnrichment(enrichment, [only]);
  return (program.input({ x: value ?? null }, NOW_MS) as number[])[0];
}

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('the shipped fraud enrichment turns a row into its features and a score into a decision', () => {
  const program = compileEnrichment(fraud(), transactions.columns);
  expect(program.when(purchase, NOW_MS)).toBe(true);
  expect(program.when({ ...purchase, kind: 'refund' }, NOW_MS)).toBe(false);
  expect(program.input(purchase, NOW_MS)).toEqual([129.9, 3, 1, 23, -1, 1]);
  expect(program.flag?.({ score: 0.9 })).toBe(true);
  expect(program.flag?.({ score: 0.89 })).toBe(false);
  expect(program.decide?.({ score: 0.95 })).toEqual({ action: 'hold', rule: 'score >= 0.9' });
  expect(program.decide?.({ score: 0.7 })).toEqual({ action: 'review', rule: 'score >= 0.7' });
  expect(program.decide?.({ score: 0 })).toEqual({ action: 'accept', rule: 'rest' });
});

test('it reads the columns it names and no others', () => {
  const program = compileEnrichment(fraud(), transactions.columns);
  expect(program.columns).toEqual([
    'kind',
    'amount',
    'merchant_category',
    'card_present',
    'attempts_10m',
    'distance_from_home_km',
    'occurred_at',
  ]);
});

test('without when every row is taken, and without a rest no rule may hold', () => {
  const program = compileEnrichment(
    fraud({ when: undefined, flag: undefined, decide: [{ hold: 'score > 1' }] }),
    transactions.columns,
  );
  expect(program.when({}, NOW_MS)).toBe(true);
  expect(program.flag).toBeUndefined();
  expect(program.decide?.({ score: 0 })).toBeUndefined();
});

test('the parts of a text that are there are joined by a newline; none at all is the empty text', () => {
  const program = compileEnrichment(
    schema.parse({
      from: 'reviews',
      model: { kind: 'comprehend', language: { column: 'language' } },
      input: ['title', 'body', { stars: 'string(rating)' }],
    }),
    reviews.columns,
  );
  expect(program.columns).toEqual(['rating', 'language', 'title', 'body']);
  expect(program.input({ title: null, body: 'Good.', rating: 5 }, NOW_MS)).toBe('Good.\n5');
  expect(program.input({ title: 'Hm', body: '', rating: 5 }, NOW_MS)).toBe('Hm\n\n5');
  const onlyTitle = compileEnrichment(
    schema.parse({ from: 'reviews', model: { kind: 'titan-embedding' }, input: ['title'] }),
    reviews.columns,
  );
  expect(onlyTitle.input({ title: null }, NOW_MS)).toBe('');
});

test('the language column is handed over as it is, and says nothing where it is NULL or not named', () => {
  const text = (language: object) =>
    compileEnrichment(
      schema.parse({ from: 'reviews', model: { kind: 'comprehend', language }, input: ['body'] }),
      reviews.columns,
    );
  const named = text({ column: 'language' });
  expect(named.language({ body: 'x', language: 'zh-Hant' })).toBe('zh-Hant');
  expect(named.language({ body: 'x', language: null })).toBeUndefined();
  expect(text({}).language({ body: 'x', language: 'de' })).toBeUndefined();
});

test('flag and decide see all that comprehend answers', () => {
  const program = compileEnrichment(
    schema.parse({
      from: 'reviews',
      model: { kind: 'comprehend' },
      input: ['body'],
      flag: 'label == "NEGATIVE" && confidence >= 0.8',
      decide: [
        { hold: 'truncated || language_origin == "fallback"' },
        { hold2: 'negative > 0.5' },
        'publish',
      ],
    }),
    reviews.columns,
  );
  const sure = {
    label: 'NEGATIVE',
    confidence: 0.9,
    positive: 0,
    negative: 0.4,
    neutral: 0,
    mixed: 0,
    language: 'de',
  };
  const outputs = { ...sure, language_origin: 'column', truncated: false };
  expect(program.flag?.(outputs)).toBe(true);
  expect(program.decide?.(outputs)?.action).toBe('publish');
  expect(program.decide?.({ ...outputs, truncated: true })?.action).toBe('hold');
  expect(program.decide?.({ ...outputs, language_origin: 'fallback' })?.action).toBe('hold');
  expect(program.decide?.({ ...outputs, negative: 0.6 })?.action).toBe('hold2');
});

test.each([
  ['x', '12345678901.25', { base: 'numeric' }, 12_345_678_901.25],
  ['x', '9007199254740993', { base: 'int8' }, 9_007_199_254_740_992],
  ['x % 10', '9007199254740993', { base: 'int8' }, 3],
  ['x', -3, { base: 'int2' }, -3],
  ['x / 2', 7, { base: 'int4' }, 3],
  ['x / 2.0', 7, { base: 'int4' }, 3.5],
  ['x', false, { base: 'bool' }, 0],
  ['x.orValue(true)', null, { base: 'bool', nullable: true }, 1],
  ['x.orValue(7)', null, { base: 'float8', nullable: true }, 7],
  ['x.orValue(7) + 0.5', null, { base: 'numeric', nullable: true }, 7.5],
  ['x.orValue(7)', '1e3', { base: 'numeric', nullable: true }, 1000],
  ['days(now - x)', '2026-11-13 09:15:02.124+00', { base: 'timestamptz' }, 6],
  ['days(now - x)', '2026-11-13 09:15:02.123+00', { base: 'timestamptz' }, 7],
  ['days(now - x)', '2026-10-20', { base: 'date' }, 31],
  ['x.getMonth()', '2026-10-20 01:02:03', { base: 'timestamp' }, 9],
  ['size(x)', 'né😀', { base: 'text' }, 3],
  ['size(x)', '0a1b-uuid', { base: 'uuid' }, 9],
  ['size(x)', ['a', 'b'], { base: 'text', array: true }, 2],
  ['x[1]', ['1.5', '2.5'], { base: 'numeric', array: true }, 2.5],
  ['x.filter(each, each > 2).size()', [1, 3, 5], { base: 'int4', array: true }, 2],
  ['size(x.orValue([]))', null, { base: 'int4', array: true, nullable: true }, 0],
] as const)('%s over %j of %j is %d', (expression, value, described, expected) => {
  expect(evaluate(expression, value, described)).toBe(expected);
});

test.each([
  ['code(x, ["a", "b"])', 'hunter2', { base: 'text' }, 'not_in_list'],
  ['x', 'NaN', { base: 'numeric' }, 'not_finite'],
  ['1 / x', 0, { base: 'int4' }, 'division_by_zero'],
  ['1.0 / x', 0, { base: 'int4' }, 'not_finite'],
  ['x', null, { base: 'float8' }, 'unexpected_null'],
  ['x.value()', null, { base: 'float8', nullable: true }, 'optional_value_missing'],
  ['x + x', '9223372036854775807', { base: 'int8' }, 'numeric_overflow'],
  ['int(x)', 'hunter2', { base: 'text' }, 'int_conversion_error'],
  ['x.getHours()', 'infinity', { base: 'timestamptz' }, 'unreadable_value'],
  ['x', 'hunter2', { base: 'int4' }, 'unreadable_value'],
  ['size(x)', ['a', null], { base: 'text', array: true }, 'unreadable_value'],
  ['x[7]', [1], { base: 'int4', array: true }, 'index_out_of_bounds'],
] as const)(
  '%s over %j of %j fails that row alone, as %s, without telling the value',
  (expression, value, described, code) => {
    const fault = faultOf(() => evaluate(expression, value, described));
    expect([fault.kind, fault.code]).toEqual(['input', code]);
    expect(fault.message).not.toMatch(/hunter2|9223372036854775807/);
  },
);

test('a column that the event does not carry fails the row instead of being guessed', () => {
  const program = compileEnrichment(fraud(), transactions.columns);
  const { amount: _, ...rest } = purchase;
  expect(faultOf(() => program.input(rest, NOW_MS)).code).toBe('missing_column');
});

test('a definition that does not fit the columns is refused before the first row', () => {
  expect(() => compileEnrichment(fraud({ when: 'amount' }), transactions.columns)).toThrow(
    /when: .*true or false/,
  );
  expect(() => compileEnrichment(fraud(), [])).toThrow(/kind/);
});

test('whatever a row holds, evaluation ends in numbers or an input fault', () => {
  const seed = 20_261_121;
  const program = compileEnrichment(fraud(), transactions.columns);
  const value = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.string(),
    fc.array(fc.oneof(fc.string(), fc.integer())),
    fc.constantFrom('purchase', 'fuel', '2026-11-20 09:15:02+00', '12.5'),
  );
  const rows = fc.record(Object.fromEntries(Object.keys(purchase).map((name) => [name, value])));
  fc.assert(
    fc.property(rows, (row) => {
      try {
        program.when(row as Row, NOW_MS);
        expect((program.input(row as Row, NOW_MS) as number[]).every(Number.isFinite)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
        expect((error as Fault).kind).toBe('input');
      }
    }),
    { seed },
  );
});
