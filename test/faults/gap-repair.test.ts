// The whole way of a repair: what was lost in a gap arrives, what was deleted in it loses its result, and the record closes.
import { expect, test } from 'vitest';
import { repairGap } from '../../services/reader/main.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;

async function pay(client: DatabaseClient, count: number): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     select 1, 25, 'Shop', 'digital', 'US', '4242', false from generate_series(1, $1::int) returning id`,
    [count],
  );
  return rows.map(({ id }) => id);
}

async function scored(client: DatabaseClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>('select id from afterglow.fraud order by id');
  return rows.map(({ id }) => id);
}

const repair = ({ definition, database }: TestPipeline, newEpoch = false) =>
  repairGap({
    definition,
    databaseUrl: database.url,
    brokers: [brokers()],
    logger: createLogger('test', 'silent'),
    newEpoch,
    consent: async () => true,
    onWaiting: () => {},
  });

/** Three scored rows, and a reader that has stopped. */
async function settle(pipeline: TestPipeline): Promise<readonly string[]> {
  const { client } = pipeline;
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  await using services = pipeline.start('reader', 'enricher', 'writer');
  await services.ready();
  const ids = await pay(client, 3);
  await until(async () => (await scored(client)).length === 3, {
    deadlineMs: DEADLINE_MS,
    what: 'three scores',
  });
  return ids;
}

/** What a reader that has stopped said last is heard by then. */
async function slotIsFree({ client, definition }: TestPipeline): Promise<void> {
  const free = 'select from pg_replication_slots where slot_name = $1 and not active';
  await until(async () => (await client.query(free, [definition.pipeline])).rowCount === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the slot to be free',
  });
}

async function closes({
  client,
}: TestPipeline): Promise<Awaited<ReturnType<typeof listGaps>>[number] | undefined> {
  await until(async () => (await listGaps(client)).every(({ state }) => state === 'closed'), {
    deadlineMs: DEADLINE_MS,
    what: 'the gap to be closed',
  });
  return (await listGaps(client))[0];
}

test('a slot that was lost: rows of the gap get their scores, rows deleted in it lose theirs', async () => {
  await using pipeline = await createPipeline();
  const { client, definition } = pipeline;
  const [first, second, third] = await settle(pipeline);
  await slotIsFree(pipeline);
  await client.query('select pg_drop_replication_slot($1)', [definition.pipeline]);
  const [unseen] = await pay(client, 1);
  await client.query('delete from transactions where id = $1', [second]);
  expect(await repair(pipeline)).toMatchObject({ state: 'repairing', reason: 'slot_lost' });
  pipeline.start('reader', 'enricher', 'writer');
  await until(async () => (await scored(client)).join() === [first, third, unseen].join(), {
    deadlineMs: DEADLINE_MS,
    what: 'the results of exactly the rows there are',
  });
  const gap = await closes(pipeline);
  expect(gap).toMatchObject({ state: 'closed', counts: { deleted: 1 } });
  expect(gap?.to?.lsn).toBeGreaterThan(gap?.from.lsn ?? 0n);
});

test('a slot that dies during the first load: the load is not begun blindly anew, and repair and load end whole', async () => {
  await using pipeline = await createPipeline();
  const { client, definition } = pipeline;
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  const before = await pay(client, 3);
  const loads = async (): Promise<readonly string[]> =>
    (await listRedoJobs(client, 100))
      .filter(({ reason, table }) => reason === 'snapshot' && table === 'transactions')
      .map(({ job }) => job);
  {
    // Nobody takes what is loaded, so that the job is still open when the slot goes.
    await using reader = pipeline.start('reader');
    await reader.ready();
    await until(async () => (await loads()).length === 1, {
      deadlineMs: DEADLINE_MS,
      what: 'the first load',
    });
  }
  const [load] = await loads();
  await slotIsFree(pipeline);
  await client.query('select pg_drop_replication_slot($1)', [definition.pipeline]);
  const unseen = await pay(client, 1);
  await client.query('delete from transactions where id = $1', [before[0]]);
  pipeline.start('reader', 'enricher', 'writer');
  await until(async () => (await listGaps(client)).length === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the gap',
  });
  expect(await scored(client)).toEqual([]);
  await repair(pipeline);
  const there = [...before.slice(1), ...unseen];
  await until(async () => (await scored(client)).join() === there.join(), {
    deadlineMs: DEADLINE_MS,
    what: 'the results of exactly the rows there are',
  });
  expect(await closes(pipeline)).toMatchObject({ reason: 'slot_lost' });
  expect(await loads()).toEqual([load]);
});

test('a table that was out of the publication: only that table is redone, and the slot stays', async () => {
  await using pipeline = await createPipeline();
  const { client, definition } = pipeline;
  const [first, second, third] = await settle(pipeline);
  await slotIsFree(pipeline);
  const position = 'select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1';
  const before = (await client.query<{ lsn: string }>(position, [definition.pipeline])).rows[0]?.lsn;
  const { rows: columns } = await client.query<{ list: string }>(
    `select string_agg(quote_ident(name), ', ') as list from pg_publication_tables, unnest(attnames) as name
      where pubname = $1 and tablename = 'transactions'`,
    [definition.pipeline],
  );
  await client.query(`alter publication "${definition.pipeline}" drop table transactions`);
  const [unseen] = await pay(client, 1);
  await client.query('delete from transactions where id = $1', [second]);
  await client.query(
    `alter publication "${definition.pipeline}" add table transactions (${columns[0]?.list})`,
  );
  const gap = await repair(pipeline);
  expect(gap).toMatchObject({ reason: 'publication_changed', tables: [{ name: 'transactions' }] });
  const after = (await client.query<{ lsn: string }>(position, [definition.pipeline])).rows[0]?.lsn;
  expect(after).toBe(before);
  pipeline.start('reader', 'enricher', 'writer');
  await until(async () => (await scored(client)).join() === [first, third, unseen].join(), {
    deadlineMs: DEADLINE_MS,
    what: 'the results of exactly the rows there are',
  });
  expect(await closes(pipeline)).toMatchObject({ counts: { deleted: 1 } });
});

test('updates and deletes that were not published for a while: the reader goes on, and the repair finds them', async () => {
  await using pipeline = await createPipeline();
  const { client, definition } = pipeline;
  const [first, second, third] = await settle(pipeline);
  await client.query(`alter publication "${definition.pipeline}" set (publish = 'insert')`);
  await client.query("update transactions set kind = 'refund' where id = $1", [first]);
  await client.query('delete from transactions where id = $1', [second]);
  await client.query(
    `alter publication "${definition.pipeline}" set (publish = 'insert, update, delete, truncate')`,
  );
  pipeline.start('reader', 'enricher', 'writer');
  const [seen] = await pay(client, 1);
  await until(async () => (await scored(client)).join() === [first, second, third, seen].join(), {
    deadlineMs: DEADLINE_MS,
    what: 'the stream to go on, with what the gap lost still missing',
  });
  expect(await listGaps(client)).toMatchObject([
    {
      reason: 'publication_changed',
      halts: false,
      state: 'open',
      detail: expect.stringContaining('was altered'),
    },
  ]);
  await repair(pipeline);
  // A refund is not sent to the model.
  await until(async () => (await scored(client)).join() === [third, seen].join(), {
    deadlineMs: DEADLINE_MS,
    what: 'the results of exactly the purchases there are',
  });
  expect(await closes(pipeline)).toMatchObject({ counts: { deleted: 1 } });
});

test('a restore: what the topic still has a result of, and the restored tables know nothing of, is deleted there', async () => {
  await using pipeline = await createPipeline();
  const { client, definition } = pipeline;
  const topic = enrichedTopic(definition.pipeline, 'fraud');
  const [first, second, third] = await settle(pipeline);
  {
    await using services = pipeline.start('reader', 'enricher', 'writer');
    await services.ready();
    await client.query('delete from transactions where id = $1', [first]);
    await until(async () => (await scored(client)).length === 2, {
      deadlineMs: DEADLINE_MS,
      what: 'the deleted row to lose its score',
    });
  }
  // As a copy from before the second row was written would have it, with Kafka where it was.
  await client.query('delete from transactions where id = $1', [second]);
  for (const table of ['afterglow_internal.state_fraud where key_id', 'afterglow.fraud where id']) {
    await client.query(`delete from ${table} = any($1)`, [[first, second]]);
  }
  await client.query('update afterglow_internal.positions set lsn = lsn - 64::numeric');
  // Whoever may write to the topic may write anything.
  await sendJunk(topic);
  expect(await repair(pipeline, true)).toMatchObject({ state: 'repairing', reason: 'database_restored' });
  pipeline.start('reader', 'enricher', 'writer');
  expect(await closes(pipeline)).toMatchObject({ state: 'closed', counts: { deleted: 1 } });
  const ofSecond = async (): Promise<readonly (string | null)[]> =>
    (await readTopic(topic))
      .filter(({ key }) => key?.toString() === JSON.stringify({ id: second }))
      .map(({ value }) =>
        value === null ? null : (JSON.parse(value.toString()) as { status: string }).status,
      );
  await until(async () => (await ofSecond()).length === 3, {
    deadlineMs: DEADLINE_MS,
    what: 'a deleted result',
  });
  expect(await ofSecond()).toEqual(['scored', 'deleted', null]);
  expect(await scored(client)).toEqual([third]);
});

async function sendJunk(topic: string): Promise<void> {
  const logger = createLogger('test', 'silent');
  await using producer = await connectProducer({ brokers: [brokers()], clientId: 'test', logger });
  const value = JSON.stringify({ status: 'scored' });
  await producer.send(
    ['{"id":"no number"}', '{"id":"99999999999999999999999"}', '{"other":1}', 'no json'].map((key) => ({
      topic,
      partition: 0,
      key,
      value,
    })),
  );
}
