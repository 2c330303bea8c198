// A table with more aged rows than one job of `refresh` may have.
import { expect, test } from 'vitest';
import { KEYS_MAX, portionOf, waitMs } from '../../services/reader/refresh/portions.ts';
import { createRefreshJob, lastRefresh, outcomesOf } from '../../services/reader/refresh/refresh-job.ts';
import { FRAUD, setUp } from '../support/side-tables.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Of 0.8 of them a job takes half. */
const ROWS = 2.5 * KEYS_MAX;

test('a job that is full knows how many rows were left to the next one, and how old the oldest was', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  await client.query(
    `insert into afterglow_internal.state_fraud (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at, updated_at)
     select n, 1, '0/10', 0, 1, 'scored', now() - interval '1 day', now(), now() from generate_series(1, ${ROWS}) n`,
  );
  await client.query('analyze afterglow_internal.state_fraud');
  const portion = { ...portionOf(HOUR_MS), share: 0.8 };
  const refresh = {
    enrichment: 'fraud',
    table: { schema: 'public', name: 'payments' },
    everyMs: HOUR_MS,
    portion,
  };
  const made = await createRefreshJob(client, refresh, undefined);
  expect(made?.rows).toBe(KEYS_MAX);
  expect(made?.oldestMs).toBeGreaterThanOrEqual(DAY_MS);
  expect(made?.oldestMs).toBeLessThan(1.1 * DAY_MS);
  const last = await lastRefresh(client, 'fraud');
  expect(last).toMatchObject({ job: made?.job, rows: KEYS_MAX, isOpen: true });
  const rows = await outcomesOf(client, 'fraud');
  // Twice as many as fit: the next one may be made after half a step.
  expect(waitMs(portion, last?.rows ?? 0, rows) / portion.stepMs).toBeCloseTo(0.5, 1);
});
