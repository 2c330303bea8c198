import { expect, test } from 'vitest';
import type { Calls } from '../../services/aws-local/ledger.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { createEnrichment, embedding, fraud } from '../support/enrichment.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { firstsOf } from '../support/outcomes.ts';
import { readerHere } from '../support/services-here.ts';
import { until } from '../support/wait.ts';

const ROWS_OF_ROUND = 30;
const ROUND_MS = 250;
const BATCH_ROWS = 10;
const DEADLINE_MS = 120_000;
/** Two enrichments wait for it, one of them pays by the call. */
const DOWN = ['fraud_second', 'embedding'] as const;

const countOf = ({ operations }: Calls, endpoint: string, what: 'calls' | 'rows' | 'paid_calls'): number =>
  operations.reduce((sum, count) => (count.endpoint === endpoint ? sum + count[what] : sum), 0);

/** Rows of a commit, and how long the slot takes to be past it. */
async function round(client: DatabaseClient, from: number): Promise<number> {
  await client.query(
    `insert into payments (id, amount, place, note)
       select id, id + 0.5, 'shop', 'The lamp number ' || id || ' is a good one.' from generate_series($1::int, $2::int) id`,
    [from, from + ROWS_OF_ROUND - 1],
  );
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  const committedAtMs = performance.now();
  await until(
    async () =>
      (
        await client.query(
          'select from pg_replication_slots where database = current_database() and confirmed_flush_lsn >= $1',
          [rows[0]?.lsn],
        )
      ).rowCount === 1,
    { deadlineMs: DEADLINE_MS, what: 'the slot to be past what was committed' },
  );
  return performance.now() - committedAtMs;
}

test('a model that is down holds up its own enrichments only: the slot goes on, and all is caught up without loss or double cost', {
  timeout: 600_000,
}, async () => {
  await using setting = await createEnrichment(
    fraud('fraud', BATCH_ROWS) + fraud('fraud_second', BATCH_ROWS) + embedding(),
  );
  await using _reader = await readerHere(setting);
  const { control } = setting.awsLocal;
  const faults = [
    control.addFault({ endpoint: 'fraud-second-xgboost', fault: { kind: 'error', status: 503 } }),
    control.addFault({ operation: 'InvokeModel', fault: { kind: 'error', status: 503 } }),
  ];
  setting.start('fraud');
  const down = DOWN.map((name) => setting.start(name));
  const downAtMs = performance.now();
  const behindMs: number[] = [];
  let count = 0;
  for (; performance.now() - downAtMs < FAULT_LENGTHS.modelAwayMs; count += ROWS_OF_ROUND) {
    const nextAtMs = performance.now() + ROUND_MS;
    behindMs.push(await round(setting.client, count));
    await until(() => performance.now() >= nextAtMs, { deadlineMs: DEADLINE_MS, what: 'the next round' });
  }
  const outageMs = performance.now() - downAtMs;
  // Nothing of it piles up behind the slot, however long the model is away.
  const half = Math.floor(behindMs.length / 2);
  const most = (of: readonly number[]): number => Math.round(Math.max(...of));
  report(
    `${count} rows in ${Math.round(outageMs)} ms; the slot was behind for at most ${most(behindMs.slice(0, half))} ms in the first half, ${most(behindMs.slice(half))} ms in the second`,
  );
  await setting.settled(count, 'fraud', DEADLINE_MS);
  for (const [place, name] of DOWN.entries()) {
    expect(down[place]?.readiness.missing.model, name).toContain('unavailable');
    expect(await setting.outcomes(name)).toEqual([]);
  }
  const duringOutage = control.calls();
  const canariesMax = (performance.now() - downAtMs) / 500 + 20;
  const titan = duringOutage.operations.find(({ operation }) => operation === 'InvokeModel')?.endpoint ?? '';
  // A canary now and then, not every row again and again.
  for (const endpoint of ['fraud-second-xgboost', titan]) {
    expect(countOf(duringOutage, endpoint, 'calls')).toBeLessThan(canariesMax);
    expect(countOf(duringOutage, endpoint, 'paid_calls')).toBe(0);
  }

  for (const fault of faults) control.removeFault(fault);
  for (const [place, name] of DOWN.entries()) {
    const outcomes = firstsOf(await setting.settled(count, name, DEADLINE_MS));
    expect(outcomes.filter(({ status }) => status === 'scored').length, name).toBe(count);
    expect(down[place]?.readiness.missing).toEqual({});
    expect(await setting.archived(name)).toBe(0);
  }
  const asked =
    countOf(control.calls(), 'fraud-second-xgboost', 'rows') -
    countOf(duringOutage, 'fraud-second-xgboost', 'rows');
  expect(asked).toBeLessThanOrEqual(count + BATCH_ROWS);
  expect(countOf(control.calls(), titan, 'paid_calls')).toBe(count);
});
