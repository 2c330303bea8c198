import { expect, test } from 'vitest';
import { type LastAudit, lastAuditText } from './last-audits.ts';

const clean: LastAudit = {
  enrichment: 'fraud',
  ended_at: '2026-11-20T09:15:02Z',
  age_seconds: 720,
  since_seconds: null,
  rows: 1_000,
  missing: 0,
  stale: 0,
  orphaned: 0,
  waiting: 0,
  outdated: 7,
};

test.each<[Partial<LastAudit>, string]>([
  [{}, 'nothing wrong of 1,000 rows, 12 min 0 s ago'],
  [{ missing: 3, orphaned: 1 }, '3 missing, 1 orphaned of 1,000 rows, 12 min 0 s ago'],
  [{ rows: 1, waiting: 1 }, '1 waiting of 1 row, 12 min 0 s ago'],
  [{ since_seconds: 3_600 }, 'nothing wrong of 1,000 rows written within 1 h 0 min, 12 min 0 s ago'],
])('an audit that found %j is told in one sentence', (found, text) => {
  expect(lastAuditText({ ...clean, ...found })).toBe(text);
});
