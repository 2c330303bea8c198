// What an enricher finds when it starts: that it ended by its own error before, or that Kafka has lost what it had not taken.
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { startChild } from '../support/child.ts';
import { forgetGroup, forgetRecords, offsetsRemembered } from '../support/forgetting-kafka.ts';
import { createPipeline } from '../support/pipeline.ts';
import { projectFolder } from '../support/project-folder.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 400_000;
const AMOUNT_COLUMN = 0;

async function pay(client: DatabaseClient, amounts: readonly number[]): Promise<void> {
  await client.query(
    "insert into customers (id, full_name, email, country) overriding system value values (1, 'A', 'a@example.com', 'DE') on conflict do nothing",
  );
  await client.query(
    `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     select 1, amount, 'Shop', 'digital', 'US', '4242', false from unnest($1::float8[]) amount`,
    [amounts],
  );
}

async function statusCounts(client: DatabaseClient): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ status: string; count: number }>(
    'select fraud_status as status, count(*)::int4 as count from afterglow.transactions_enriched group by 1 order by 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

const settled = (client: DatabaseClient, expected: Readonly<Record<string, number>>): Promise<true> =>
  until(async () => JSON.stringify(await statusCounts(client)) === JSON.stringify(expected), {
    deadlineMs: DEADLINE_MS,
    what: `outcomes ${JSON.stringify(expected)}`,
  });

test('a row that ends its worker is alone after three ends, and failed as unknown after two more; its neighbours are scored', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline();
  const { client, awsLocal } = pipeline;
  const fault = awsLocal.control.addFault({
    input: { column: AMOUNT_COLUMN, equals: 66.6 },
    fault: { kind: 'named', name: 'SomethingNobodyNamed', status: 418 },
  });
  await pipeline.start('reader', 'writer').ready();
  await pay(client, [...Array<number>(20).fill(25), 66.6, ...Array<number>(20).fill(30)]);
  await using project = projectFolder();
  const definition = (await readFile('afterglow.yaml', 'utf8')).replace(
    'pipeline: afterglow',
    `pipeline: ${pipeline.definition.pipeline}`,
  );
  writeFileSync(join(project.path, 'afterglow.yaml'), definition);
  let ends = 0;
  for (;;) {
    await using worker = await startChild(resolve('services/cli/main.ts'), ['enricher', 'fraud'], {
      folder: project.path,
      environment: pipeline.environment,
    });
    const isDone = async (): Promise<boolean> => {
      const { pending = 0, failed = 0 } = await statusCounts(client);
      return pending === 0 && failed === 1;
    };
    const how = await until(async () => worker.end ?? ((await isDone()) ? 'done' : undefined), {
      deadlineMs: DEADLINE_MS,
      what: 'every row to have its outcome, or the end of the worker',
    });
    if (how === 'done') {
      await worker.stop(DEADLINE_MS);
      break;
    }
    expect(how).toEqual({ status: 70, signal: null });
    ends++;
  }
  expect(ends).toBe(5);
  await settled(client, { failed: 1, scored: 40 });
  const { rows } = await client.query(
    `select failure_kind, failure_code, amount::float8 from afterglow_internal.state_fraud state
         join public.transactions source on source.id = state.key_id where state.status = 'failed'`,
  );
  expect(rows).toEqual([{ failure_kind: 'unknown', failure_code: 'ended_worker', amount: '66.6' }]);
  await until(
    async () =>
      (await client.query('select from afterglow_internal.crash_counts where ends >= 3')).rowCount === 0,
    {
      deadlineMs: DEADLINE_MS,
      what: 'the counts to be forgotten',
    },
  );
  expect(awsLocal.control.faults().find(({ id }) => id === fault)?.struck).toBe(ends);
  // What comes behind it is taken as ever.
  awsLocal.control.clearFaults();
  await pipeline.start('enricher').ready();
  await pay(client, [5]);
  await settled(client, { failed: 1, scored: 41 });
});

test.each([
  ['Kafka threw away what the group had not taken', 'behind_log_start'],
  ['Kafka has forgotten the group, and its topic began anew', 'offset_missing'],
])(
  '%s: a gap is recorded, and rows and deletes are redone',
  { timeout: TEST_MAX_MS },
  async (_name, kind) => {
    await using pipeline = await createPipeline();
    const { client, definition } = pipeline;
    const topic = cdcTopic(definition.pipeline, 'public', 'transactions');
    await pipeline.start('reader', 'writer').ready();
    {
      await using enricher = pipeline.start('enricher');
      await enricher.ready();
      await pay(
        client,
        Array.from({ length: 30 }, (_, index) => index + 1),
      );
      await settled(client, { scored: 30 });
      await offsetsRemembered(client, enricherGroup(definition.pipeline, 'fraud'));
    }
    const captured = async (lsn: string): Promise<boolean> =>
      (
        await client.query(
          'select from pg_replication_slots where database = current_database() and confirmed_flush_lsn >= $1',
          [lsn],
        )
      ).rowCount === 1;
    await pay(
      client,
      Array.from({ length: 20 }, (_, index) => index + 100),
    );
    await client.query('delete from transactions where id <= 10');
    await client.query('update transactions set amount = 7 where id = 11');
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    await until(() => captured(rows[0]?.lsn ?? ''), {
      deadlineMs: DEADLINE_MS,
      what: 'the changes to be in Kafka',
    });
    await forgetRecords(topic);
    if (kind === 'offset_missing') await forgetGroup(enricherGroup(definition.pipeline, 'fraud'));
    expect(await statusCounts(client)).toEqual({ pending: 20, scored: 20 });

    {
      await using enrichers = pipeline.start('enricher', 'enricher');
      await enrichers.ready();
      await settled(client, { scored: 40 });
      const [gap, ...others] = await until(
        async () => {
          const gaps = await listGaps(client);
          return gaps[0]?.state === 'closed' ? gaps : undefined;
        },
        { deadlineMs: DEADLINE_MS, what: 'the gap to be closed' },
      );
      expect(others).toEqual([]);
      expect(gap).toMatchObject({ reason: 'group_offsets_lost', halts: false, counts: { deleted: 10 } });
      expect(gap?.detail).toContain(kind);
      const { rows: left } = await client.query('select count(*)::int4 as results from afterglow.fraud');
      expect(left).toEqual([{ results: 40 }]);
      await offsetsRemembered(client, enricherGroup(definition.pipeline, 'fraud'));
    }
    // The next start finds nothing lost.
    await pipeline.start('enricher').ready();
    expect((await listGaps(client)).length).toBe(1);
  },
);
