import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isChangeEvent } from './change-guard.ts';
import { type ChangeEvent, changeEvent } from './events.ts';
import { pathsOf, withReplaced } from './replaced.test-support.ts';

const sample: ChangeEvent = {
  before: null,
  after: { id: '1', amount: '12.50', tags: ['a', null], ok: true, n: 3 },
  op: 'c',
  ts_ms: 1,
  ts_us: 1000,
  source: {
    epoch: 1,
    commit_lsn: '00000016/B374D848',
    event_index: 0,
    connector: 'postgresql',
    version: '18.4',
    name: 'afterglow',
    db: 'afterglow',
    schema: 'public',
    table: 'transactions',
    snapshot: 'false',
    ts_ms: 1,
    ts_us: 1000,
    txId: 7,
    lsn: 8,
    sequence: '["1","2"]',
    unchanged: ['note'],
    schema_version: 1,
    redo: { enrichments: ['fraud'], reason: 'backfill', job: 'j' },
  },
};

describe('the guard of change events', () => {
  test('accepts what the reader writes, and fields it does not know', () => {
    expect(isChangeEvent(sample)).toBe(true);
    expect(isChangeEvent({ ...sample, transaction: null })).toBe(true);
  });

  test('says of any one-place change of an event exactly what the schema says', () => {
    const replacement = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, -1, 0, 1.5, 2 ** 53, 'true', 'u', 'snapshot', '0000000/00000000'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...pathsOf(sample)), replacement, (path, value) => {
        const changed = withReplaced(sample, path, value);
        expect(isChangeEvent(changed)).toBe(changeEvent.safeParse(changed).success);
      }),
      { numRuns: 3000 },
    );
  });
});
