import { expect, test } from 'vitest';
import { asksForLook, isRefused, isTransientState, SQL_STATES } from './sql-states.ts';

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
])('%s', (state, again, look, refused) => {
  expect([isTransientState(state), asksForLook(state), isRefused(state)]).toEqual([again, look, refused]);
});

test('nothing is both worth trying again and refused', () => {
  const both = Object.entries(SQL_STATES).filter(([, { again, refused }]) => again && refused === true);
  expect(both).toEqual([]);
});
