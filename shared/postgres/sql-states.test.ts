import { expect, test } from 'vitest';
import {
  asksForLook,
  isOfTables,
  isRefused,
  isTransientState,
  mayBeOfRow,
  SQL_STATES,
} from './sql-states.ts';

test.each([
  // [state, worth the same again, asks for a look at the server, refused]
  ['57P01', true, true, false],
  ['55006', true, true, false],
  ['55000', false, true, false],
  ['42704', false, true, false],
  ['XX000', false, true, false],
  ['25006', true, true, false],
  ['53400', false, true, false],
  ['28P01', false, false, true],
  ['42501', false, false, true],
  ['40P01', true, false, false],
  ['08006', true, true, false],
  ['23505', false, true, false],
  ['42710', false, true, false],
  ['23502', false, false, false],
  ['25P03', true, false, false],
  ['25P04', true, false, false],
  ['57P05', true, false, false],
  ['58030', true, false, false],
])('%s', (state, again, look, refused) => {
  expect([isTransientState(state), asksForLook(state), isRefused(state)]).toEqual([again, look, refused]);
});

test('nothing is both worth trying again and refused', () => {
  const both = Object.entries(SQL_STATES).filter(([, { again, refused }]) => again && refused === true);
  expect(both).toEqual([]);
});

test.each([
  ['a privilege that is missing', '42501', true],
  ['a table that is missing', '42P01', true],
  ['a column that is missing', '42703', true],
  ['a schema that may not be entered, as its types are not seen', '42704', true],
  ['a column of another type', '42804', true],
  ['a unique key', '23505', false],
  ['a full disk', '53100', false],
  ['a node that is read-only', '25006', false],
  ['an internal error', 'XX000', false],
])('%s is of the tables themselves, or not', (_name, state, expected) => {
  expect(isOfTables(state)).toBe(expected);
  if (expected) expect([isTransientState(state), mayBeOfRow(state)]).toEqual([false, false]);
});

test.each([
  ['a number out of range', '22003', true],
  ['a unique key', '23505', true],
  ['too many columns', '54011', true],
  ['a key twice in one statement', '21000', true],
  ['a table that is missing', '42P01', false],
  ['a privilege that is missing', '42501', false],
  ['a full disk', '53100', false],
  ['an internal error', 'XX000', false],
  ['what a trigger raises', 'P0001', true],
])('%s may be of the row, or not', (_name, state, expected) => {
  expect(mayBeOfRow(state)).toBe(expected);
});
