import { expect, test } from 'vitest';
import { column, transactions } from '../config/fixtures/demo-catalog.ts';
import { checkSyntax, compile, createScope } from './compile.ts';

const scope = createScope(
  [
    ...transactions.columns,
    column('type', 'text', 'text'),
    column('now', 'text', 'text'),
    column('note', 'text', 'text', { nullable: true }),
    column('tags', 'text[]', 'text', { array: true }),
    column('scores', 'integer[]', 'int4', { array: true, nullable: true }),
    column('as', 'text', 'text'),
  ],
  { now: true },
);

test.each([
  ['amount > 1', 'bool'],
  ['amount * 2 + id', 'double'],
  ['2 * attempts_10m', 'int'],
  ['id == 1.0 && amount == 1', 'bool'],
  ['distance_from_home_km.orValue(0)', 'double'],
  ['distance_from_home_km.orValue(0) + 0.5', 'double'],
  ['distance_from_home_km', 'optional<double>'],
  ['note.orValue("")', 'string'],
  ['scores.orValue([])', 'list<int>'],
  ['occurred_at.getHours()', 'int'],
  ['now - occurred_at', 'duration'],
  ['days(now - occurred_at)', 'int'],
  ['code(kind, ["purchase", "refund"])', 'int'],
  ['size(merchant_name) >= 20', 'bool'],
  ['tags.exists(tag, tag == "new")', 'bool'],
  ['type == "x"', 'bool'],
  ['note.hasValue() && note.value() == "x"', 'bool'],
])('%s is %s', (text, type) => {
  const compiled = compile(text, scope);
  expect(compiled.ok && compiled.expression.type).toBe(type);
});

test.each([
  ['amont > 1', 0, 'there is no amont here', 'amount'],
  ['1 + amount > "x"', 0, 'no such overload: double > string', undefined],
  [
    'amount > 1 && distance_from_home_km > 5',
    14,
    'distance_from_home_km may be NULL, so say what NULL means: no such overload: optional<double> > int',
    'distance_from_home_km.orValue(0)',
  ],
  ['note.orValue(0)', 13, "orValue() needs a value of type 'string', and this is 'int'", undefined],
  ['amount.orValue(0)', 0, "orValue() is for what may be NULL, and this is 'double'", undefined],
  ['amount >', 8, 'unexpected token: EOF', undefined],
  ['as == "x"', 0, 'reserved identifier: as', undefined],
  [
    'merchant_name.matches("(a+)+$")',
    0,
    'matches() is refused: a regular expression can take unbounded time on one row',
    'startsWith(), endsWith(), contains(), or a list: x in ["a", "b"]',
  ],
  [
    'occurred_at.getHours("Europe/Berlin")',
    0,
    "getHours(…) is refused: its answer depends on the machine's time zone",
    'the UTC forms without an argument, getHours() or getMonth()',
  ],
  [
    'occurred_at > timestamp("2026-01-01T00:00:00.0")',
    14,
    'a timestamp without a zone depends on the machine',
    'timestamp("2026-01-31T00:00:00Z")',
  ],
  [
    'tags.exists(kind, kind == "x")',
    12,
    'kind is a column, so it cannot name an element of a list too',
    'another name',
  ],
  [`"${'x'.repeat(5_000)}"`, 0, 'an expression has at most 4000 characters', 'a shorter one'],
])('%.60s is refused with its place and what to write', (text, offset, message, instead) => {
  const compiled = compile(text, scope);
  const problem = compiled.ok ? undefined : compiled.problem;
  expect(problem).toEqual({
    severity: 'error',
    offset,
    message,
    ...(instead === undefined ? {} : { instead }),
  });
});

test('only the columns that are really read are reported, in the order of the table', () => {
  const compiled = compile('tags.exists(tag, tag == merchant_name) || amount > 1 || size("kind") > 3', scope);
  expect(compiled.ok && compiled.expression.columns.map(({ name }) => name)).toEqual([
    'amount',
    'merchant_name',
    'tags',
  ]);
  expect(compiled.ok && compiled.expression.places.get('amount')).toBe(42);
});

test('a text that an enum column can never be is pointed out, with the label meant', () => {
  const warnings = (text: string) => {
    const compiled = compile(text, scope);
    return compiled.ok
      ? compiled.warnings.map(({ message, instead }) => [message, instead])
      : compiled.problem;
  };
  expect(warnings('kind == "purchase" && status in ["settled", "declined"]')).toEqual([]);
  expect(warnings('kind == "purchse"')).toEqual([
    ['kind is never "purchse": it is an enum without this label', 'purchase'],
  ]);
  expect(warnings('"x" != kind || !(status in ["setled"])')).toEqual([
    ['kind is never "x": it is an enum without this label', 'one of purchase, refund'],
    ['status is never "setled": it is an enum without this label', 'settled'],
  ]);
  expect(warnings('code(kind, ["purchase"])')).toEqual([
    ['a row whose kind is refund would fail: code() has no place for it', 'a list with every label'],
  ]);
});

test('the grammar alone is checked without any column', () => {
  expect(checkSyntax('whatever.is(here)')).toBeUndefined();
  expect(checkSyntax('a && (b')?.message).toMatch(/expected/i);
  expect(checkSyntax('['.repeat(100))).toBeDefined();
});
