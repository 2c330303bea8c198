// Guarantee 3: an older outcome that comes last is noted, and its key is redone, since compaction would keep the older.
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { LateKeys } from '../../services/writer/late-keys.ts';
import { writerMetrics } from '../../services/writer/metrics.ts';
import { LateKeysRedo } from '../../services/writer/redo-late-keys.ts';
import { readTargets } from '../../services/writer/targets.ts';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createPool, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { deleted, scored, truncated } from '../support/side-tables.ts';
import { brokers } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';
import { createWriting } from '../support/writing.ts';

const DEADLINE_MS = 60_000;
const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };

async function noted(client: DatabaseClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    "select key ->> 'id' as id from afterglow_internal.late_keys order by 1",
  );
  return rows.map(({ id }) => id);
}

test('an older outcome behind a newer one of its key is noted, until a newer one follows', async () => {
  await using writing = await createWriting();
  const { client } = writing;
  {
    await using _writer = writing.start();
    await writing.publish([scored('1', 5, 0.5), scored('2', 5, 0.5), scored('2', 4, 0.4)]);
    await writing.caughtUp();
    expect(await noted(client)).toEqual(['2']);
    await writing.publish([scored('1', 4, 0.4), scored('3', 5, 0.5)]);
    await writing.caughtUp();
    expect(await noted(client)).toEqual(['1', '2']);
  }
  // What was noted outlives the process, and a repetition of the newest is enough.
  await using _next = writing.start();
  await writing.publish([scored('1', 5, 0.5), scored('2', 6, 0.6), scored('3', 5, 0.5)]);
  await writing.caughtUp();
  expect(await noted(client)).toEqual([]);
});

test('an older outcome among new ones is noted, too, though nobody has looked before they were written', async () => {
  await using writing = await createWriting();
  await using _writer = writing.start();
  // The first batch of a membership is looked up, and holds nothing older: those that follow are not.
  await writing.publish([scored('1', 5, 0.5), scored('2', 5, 0.5)]);
  await writing.caughtUp();
  await writing.publish([scored('1', 6, 0.6), scored('2', 4, 0.4), scored('3', 5, 0.5)]);
  await writing.caughtUp();
  expect(await noted(writing.client)).toEqual(['2']);
  expect(await table(writing.client)).toEqual({ 1: '0.6', 2: '0.5', 3: '0.5' });
});

test('what is older than a truncate is noted where its key lives again, and nowhere else: every consumer drops it', async () => {
  await using writing = await createWriting();
  const { client } = writing;
  await using _writer = writing.start();
  const before = ['1', '2', '3', '4'].map((id) => scored(id, 4, 0.4));
  const after = ['1', '2', '5'].map((id) => scored(id, 8, 0.8));
  await writing.publish([...before, truncated(6), ...after]);
  await writing.caughtUp();
  expect(await noted(client)).toEqual([]);
  await writing.publish([scored('1', 5, 0.5), deleted('2', 5), scored('3', 5, 0.5), scored('9', 5, 0.5)]);
  await writing.caughtUp();
  expect(await noted(client)).toEqual(['1', '2']);
  expect(await table(client)).toEqual({ 1: '0.8', 2: '0.8', 5: '0.8' });
  // As a crash has it come again, however it is cut: what lies in front of a truncate is followed by what lies behind it.
  await writing.publish([...before, truncated(6)]);
  await writing.caughtUp();
  await writing.publish(after);
  await writing.caughtUp();
  expect(await noted(client)).toEqual([]);
});

interface Woken {
  readonly pipeline: TestPipeline;
  readonly topic: string;
  readonly outcomes: () => Promise<readonly FetchedRecord[]>;
}

const idOf = ({ key }: FetchedRecord): number => Number(JSON.parse(String(key)).id);
const eventOf = ({ value }: FetchedRecord): EnrichedEvent | null =>
  value === null ? null : (JSON.parse(value.toString()) as EnrichedEvent);

/** Of each key what a consumer from zero reads when everything else was compacted away. */
async function compacted({ outcomes }: Woken): Promise<Readonly<Record<string, string>>> {
  const last = new Map((await outcomes()).map((record) => [idOf(record), eventOf(record)]));
  return Object.fromEntries(
    [...last].flatMap(([id, event]) =>
      event?.status === 'scored' ? [[id, String((event.result as { score: number }).score)]] : [],
    ),
  );
}

async function table(client: DatabaseClient): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ id: string; score: string }>('select id, score from afterglow.fraud');
  return Object.fromEntries(rows.map(({ id, score }) => [id, score]));
}

async function redoOf({ definition, database }: TestPipeline) {
  const pool = createPool({ url: database.url, applicationName: 'test', connectionsMax: 1 });
  const { pipeline } = definition;
  const targets = await readTargets(pool, definition);
  const topics = [
    {
      topic: enrichedTopic(pipeline, 'fraud'),
      enrichment: 'fraud',
      table: { schema: 'public', name: 'transactions' },
    },
  ];
  const group = { pipeline, group: writerGroup(pipeline), topics, database: pool, logger: kafka.logger };
  const redo = new LateKeysRedo({
    group,
    kafka,
    targets,
    lateKeys: new LateKeys(writerMetrics(new Registry())),
  });
  return { look: () => redo.look(), [Symbol.asyncDispose]: () => pool.end() };
}

test('what a process that was frozen publishes late is redone: what compaction keeps is what the table shows, and nothing is paid again', {
  timeout: 600_000,
}, async () => {
  await using pipeline = await createPipeline();
  const { client, definition, awsLocal } = pipeline;
  const topic = enrichedTopic(definition.pipeline, 'fraud');
  const woken: Woken = { pipeline, topic, outcomes: () => readTopic(topic) };
  await using cleanup = new AsyncDisposableStack();
  const admin = await connectKafkaAdmin(kafka);
  cleanup.defer(() => admin.close());
  const outcomesAre = async (count: number): Promise<void> => {
    await until(
      async () => {
        const lags = await admin.lag(writerGroup(definition.pipeline), [topic]);
        const total = lags.reduce((sum, { high }) => sum + Number(high), 0);
        return total >= count && lags.every(({ high, committed }) => (committed ?? 0n) >= high);
      },
      { deadlineMs: DEADLINE_MS, what: `${count} outcomes to be written` },
    );
  };
  await pipeline.start('reader', 'enricher', 'writer').ready();
  await client.query(
    `insert into customers (id, full_name, email, country) overriding system value values (1, 'A', 'a@example.com', 'DE');
     insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     select 1, 100 * n, 'Shop', 'digital', 'US', '4242', false from generate_series(1, 6) n`,
  );
  await outcomesAre(6);
  const old = await woken.outcomes();
  await client.query(
    'update transactions set amount = 4711 where id in (1, 2); delete from transactions where id = 3',
  );
  await outcomesAre(10);
  const calls = () => awsLocal.control.calls().operations.reduce((sum, { rows }) => sum + rows, 0);
  const asked = calls();
  const late = old.filter((record) => [1, 3, 4].includes(idOf(record)));
  await using producer = await connectProducer(kafka);
  await producer.send(
    late.map(({ partition, key, value }) => ({ topic, partition, key: String(key), value: String(value) })),
  );
  await outcomesAre(13);
  expect(await compacted(woken)).not.toEqual(await table(client));
  expect(await noted(client)).toEqual(['1', '3']);

  await using redo = await redoOf(pipeline);
  await redo.look();
  expect(await listRedoJobs(client, 10)).toEqual([]);
  await redo.look();
  expect(await noted(client)).toEqual([]);
  const jobs = await until(
    async () => {
      const all = await listRedoJobs(client, 10);
      return all.every(({ state }) => state === 'done') ? all : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: 'the keys to be redone' },
  );
  const sum = (count: 'rowsDone' | 'rowsGone'): number => jobs.reduce((all, job) => all + job[count], 0);
  expect({ done: sum('rowsDone'), gone: sum('rowsGone') }).toEqual({ done: 2, gone: 1 });
  await outcomesAre(16);
  expect(await compacted(woken)).toEqual(await table(client));
  expect(Object.keys(await table(client))).toEqual(['1', '2', '4', '5', '6']);
  expect(calls()).toBe(asked);
});
