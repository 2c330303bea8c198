// What a redo is for: rows that nobody touches get their outcome, and only from whom it was asked.
import { expect, test } from 'vitest';
import { NEEDED, run as runReader } from '../../services/reader/main.ts';
import { type DatabaseClient, quoteIdentifier } from '../../shared/postgres/connect.ts';
import { createRedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;

async function pay(client: DatabaseClient, count: number): Promise<void> {
  await client.query(
    `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     select 1, 25, 'Shop', 'digital', 'US', '4242', false from generate_series(1, $1::int4)`,
    [count],
  );
}

async function scored(client: DatabaseClient, count: number): Promise<void> {
  const isScored = async (): Promise<boolean> => {
    const { rows } = await client.query<{ scored: number }>(
      "select count(*)::int4 as scored from afterglow.transactions_enriched where fraud_status = 'scored'",
    );
    return rows[0]?.scored === count;
  };
  await until(isScored, { deadlineMs: DEADLINE_MS, what: `${count} scores` });
}

/** The reader under its own login, which sees neither excluded columns nor other tables. */
async function readAsItself(pipeline: TestPipeline): Promise<AsyncDisposable> {
  const { definition, database, client } = pipeline;
  const role = `${definition.pipeline}_reader`;
  await client.query(`alter role ${quoteIdentifier(role)} login replication password 'secret'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  const stopping = new AbortController();
  const telemetry = createTelemetry(...NEEDED);
  const logger = createLogger('reader', 'silent');
  const ended = runReader(
    { definition, databaseUrl: url.href, brokers: [brokers()], logger, telemetry },
    stopping.signal,
  );
  ended.catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

async function positions(client: DatabaseClient): Promise<readonly unknown[]> {
  const { rows } = await client.query(
    'select commit_lsn::text from afterglow_internal.state_fraud order by key_id',
  );
  return rows;
}

test.for([16, 18] as const)('rows from before the slot get their scores (PostgreSQL %s)', async (version) => {
  await using pipeline = await createPipeline(version);
  const { client } = pipeline;
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  await pay(client, 300);
  pipeline.start('enricher', 'writer');
  await using _reader = await readAsItself(pipeline);
  await scored(client, 300);
  const { rows } = await client.query('select count(*)::int4 as cards from afterglow.fraud');
  expect(rows).toEqual([{ cards: 300 }]);
});

test('a redo is passed by whom it is not addressed to, and answered by whom it is', async () => {
  await using pipeline = await createPipeline();
  const { client } = pipeline;
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  await pay(client, 50);
  await pipeline.start('reader', 'enricher', 'writer').ready();
  await scored(client, 50);
  const before = await positions(client);
  const job = { schema: 'public', table: 'transactions', reason: 'backfill' } as const;
  const isDone = (made: string) => async (): Promise<boolean> =>
    (await readRedoJob(client, made))?.state === 'done';
  const others = await createRedoJob(client, { ...job, enrichments: ['another'] });
  await until(isDone(others), { deadlineMs: DEADLINE_MS, what: 'the job of another enrichment' });
  await pay(client, 1);
  await scored(client, 51);
  expect((await positions(client)).slice(0, 50)).toEqual(before);
  const ours = await createRedoJob(client, { ...job, enrichments: ['fraud'], keys: [['1'], ['2']] });
  await until(isDone(ours), { deadlineMs: DEADLINE_MS, what: 'our own job' });
  const isAnswered = async (): Promise<boolean> => {
    const now = await positions(client);
    return [0, 1].every((place) => JSON.stringify(now[place]) !== JSON.stringify(before[place]));
  };
  await until(isAnswered, { deadlineMs: DEADLINE_MS, what: 'two new outcomes' });
  expect((await positions(client)).slice(2, 50)).toEqual(before.slice(2));
});
