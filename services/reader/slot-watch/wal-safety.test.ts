import { expect, test } from 'vitest';
import { hasRoomForRedo, WAL_SAFETY_STATES, type WalFacts, type WalSafety, walSafety } from './wal-safety.ts';

const GIB = 1_073_741_824;
const facts = (changes: Partial<WalFacts>): WalFacts => ({
  walStatus: 'reserved',
  safeBytes: 100,
  budgetBytes: 100,
  restartLagBytes: 0,
  ...changes,
});

test.each<[string, Partial<WalFacts>, WalSafety]>([
  ['all is left', {}, 'ok'],
  ['a little more than half is left', { safeBytes: 51 }, 'ok'],
  ['half is left', { safeBytes: 50 }, 'warning'],
  ['a quarter is left', { safeBytes: 25 }, 'critical'],
  ['a tenth is left', { safeBytes: 10 }, 'last_chance'],
  ['less than nothing is left', { safeBytes: -11, walStatus: 'extended' }, 'last_chance'],
  ['the server no longer guarantees it', { walStatus: 'unreserved', safeBytes: 90 }, 'last_chance'],
  ['the slot is lost', { walStatus: 'lost', safeBytes: null }, 'last_chance'],
  ['no limit and little kept', { safeBytes: null, budgetBytes: null, restartLagBytes: GIB }, 'ok'],
  ['no limit and much kept', { safeBytes: null, budgetBytes: null, restartLagBytes: 10 * GIB }, 'warning'],
  [
    'no limit and far too much kept',
    { safeBytes: null, budgetBytes: null, restartLagBytes: 50 * GIB },
    'critical',
  ],
])('%s', (_name, changes, expected) => {
  expect(walSafety(facts(changes))).toBe(expected);
});

test('from critical on there is no room for redo', () => {
  expect(WAL_SAFETY_STATES.filter(hasRoomForRedo)).toEqual(['ok', 'warning']);
});
