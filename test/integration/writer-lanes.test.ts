import { expect, test } from 'vitest';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { embedded, scored } from '../support/side-tables.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';
import { createWriting, EMBEDDING } from '../support/writing.ts';

const DEADLINE_MS = 120_000;
/** Far longer than a record takes, on a machine that does much else, too. */
const FETCH_INTERVAL_MS = 6_000;
/** What a timer may be early. */
const ROUNDING_MS = 10;
const VECTOR = Array.from({ length: 256 }, () => 1);
const BOTH = `  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input: [amount]
    output: { score: float }
${EMBEDDING}`;

async function count(client: DatabaseClient, table: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`select count(*)::int4 as count from ${table}`);
  return rows[0]?.count ?? 0;
}

test('a result table that somebody locks holds back its own enrichment and no other', async () => {
  await using writing = await createWriting(BOTH);
  const { client, database } = writing;
  await using _writer = writing.start();
  const other = await connectDatabase({ url: database.url, applicationName: 'other' });
  try {
    await other.query('begin; lock table afterglow.embedding in access exclusive mode');
    await writing.publish([embedded(4, [VECTOR])], 'embedding');
    await until(
      async () => {
        const waiting =
          "select from pg_stat_activity where datname = current_database() and application_name like '% writer' and wait_event_type = 'Lock'";
        return ((await client.query(waiting)).rowCount ?? 0) > 0;
      },
      { deadlineMs: DEADLINE_MS, what: 'the writer to wait for the table' },
    );
    await writing.publish(Array.from({ length: 50 }, (_, id) => scored(String(id), 4, 0.5)));
    await until(async () => (await count(client, 'afterglow.fraud')) === 50, {
      deadlineMs: DEADLINE_MS,
      what: 'the scores',
    });
    expect(await writing.lag()).toBeGreaterThanOrEqual(1);
  } finally {
    await other.end();
  }
  await writing.caughtUp();
  expect(await count(client, 'afterglow.embedding')).toBe(1);
});

test('what little comes soon after a fetch waits for the next one, and what comes after a quiet time does not', async () => {
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const topic = uniquePipelineName();
  const admin = await connectKafkaAdmin(kafka);
  await admin.createTopics([{ topic, partitions: 2, settings: {} }]);
  await admin.close();
  await using producer = await connectProducer(kafka);
  const window = { rowsMax: 10, bytesMax: 1_048_576 };
  await using consumer = await connectConsumer(kafka, {
    group: topic,
    topics: [topic],
    window,
    fetchIntervalMs: FETCH_INTERVAL_MS,
  });
  /** Sends and takes; how long that took. */
  const pass = async (...values: readonly string[]): Promise<number> => {
    const startedAtMs = performance.now();
    await producer.send(values.map((value, partition) => ({ topic, partition, key: 'k', value })));
    const taken: string[] = [];
    while (taken.length < values.length) {
      const records = await consumer.queue.take({ ...window, waitMaxMs: 0 });
      taken.push(...records.map(({ value }) => String(value)));
    }
    expect(taken.toSorted()).toEqual(values);
    return performance.now() - startedAtMs;
  };
  const beganAtMs = performance.now();
  await pass('a');
  const afterQuietMs = await pass('b');
  expect(afterQuietMs).toBeLessThan(FETCH_INTERVAL_MS);
  await pass('c', 'd');
  expect(performance.now() - beganAtMs).toBeGreaterThan(FETCH_INTERVAL_MS - ROUNDING_MS);
});

test('a topic that nobody takes from holds no other back, and comes whole and in order when it is taken', async () => {
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const [slow, quick] = [uniquePipelineName(), uniquePipelineName()];
  const admin = await connectKafkaAdmin(kafka);
  await admin.createTopics([slow, quick].map((topic) => ({ topic, partitions: 2, settings: {} })));
  await admin.close();
  await using producer = await connectProducer(kafka);
  const send = async (topic: string, from: number, to: number): Promise<void> => {
    await producer.send(
      Array.from({ length: to - from }, (_, index) => ({
        topic,
        partition: (from + index) % 2,
        key: String(from + index),
        value: 'x',
      })),
    );
  };
  await send(slow, 0, 200);
  await using consumer = await connectConsumer(kafka, {
    group: slow,
    topics: [slow, quick],
    window: { rowsMax: 10, bytesMax: 1_048_576 },
    fetchWaitMaxMs: 50,
  });
  const queueOf = (topic: string) => {
    const queue = consumer.queues.get(topic);
    if (queue === undefined) throw new Error('a topic without a queue');
    return queue;
  };
  const take = async (topic: string, rows: number): Promise<readonly FetchedRecord[]> => {
    const taken: FetchedRecord[] = [];
    while (taken.length < rows) {
      const records = await queueOf(topic).take({ rowsMax: 7, bytesMax: 1_048_576, waitMaxMs: 0 });
      taken.push(...records);
      consumer.finish(records);
    }
    return taken;
  };
  await until(() => queueOf(slow).full, { deadlineMs: DEADLINE_MS, what: 'the first topic to be full' });
  await send(quick, 0, 100);
  expect(new Set((await take(quick, 100)).map(({ key }) => String(key))).size).toBe(100);
  expect(queueOf(slow).size).toBe(10);
  const numbers = (await take(slow, 200)).map(({ key }) => Number(key));
  for (const partition of [0, 1]) {
    const expected = Array.from({ length: 100 }, (_, index) => 2 * index + partition);
    expect(numbers.filter((number) => number % 2 === partition)).toEqual(expected);
  }
});
