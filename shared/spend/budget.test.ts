import { expect, test } from 'vitest';
import { limitName, limitsOf, purseOf } from './budget.ts';
import type { Purse } from './lease.ts';

const budget = (limits: { readonly redo_daily_usd?: number; readonly shadow_daily_usd?: number }) => ({
  daily_usd: 25,
  reserved_usd: { fraud: 5 },
  alert_at: 0.8,
  on_reached: 'pause' as const,
  ...limits,
});
const ALL = budget({ redo_daily_usd: 10, shadow_daily_usd: 2 });
const ONE = budget({});

test.each<[string, typeof ALL | typeof ONE | undefined, boolean, Purse]>([
  ['fraud', ALL, false, 'live'],
  ['fraud', ALL, true, 'redo'],
  ['fraud_shadow', ALL, false, 'shadow'],
  ['fraud_shadow', ALL, true, 'shadow'],
  ['fraud', ONE, true, 'live'],
  ['fraud_shadow', ONE, true, 'live'],
  ['fraud_shadow', budget({ redo_daily_usd: 10 }), true, 'redo'],
  ['fraud', undefined, true, 'redo'],
  ['fraud_shadow', undefined, false, 'shadow'],
])('%s with the limits %o, redo %s: it is paid from the purse %s', (enrichment, limits, isRedo, purse) => {
  expect(purseOf(limits, { enrichment, isRedo })).toBe(purse);
});

test('only of what changes cost a part may be reserved', () => {
  expect(limitsOf(ALL, 'live')).toEqual({
    limitNanoUsd: 25_000_000_000,
    reservedNanoUsd: { fraud: 5_000_000_000 },
  });
  expect(limitsOf(ALL, 'shadow')).toEqual({ limitNanoUsd: 2_000_000_000, reservedNanoUsd: {} });
  expect(limitsOf(ONE, 'shadow')).toBeUndefined();
  expect(limitName('shadow')).toBe('shadow_daily_usd');
});
