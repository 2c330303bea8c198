import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import { connectProducer, type TopicRecord } from '../../shared/kafka/producer.ts';
import {
  allKeys,
  consume,
  keys,
  newTopic,
  PARTITIONS,
  produce,
  recordsFor,
  settings,
} from '../support/numbered-records.ts';
import { seededRandom } from '../support/random-workload.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const WINDOW = { rowsMax: 50, bytesMax: 1_048_576 };
const DEADLINE_MS = 60_000;
/** What a topic takes unless it is told otherwise. */
const TOPIC_BYTES_MAX = 1_048_588;
const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);

const TEXTS = [
  '',
  'a',
  // Half a character has no bytes of its own: what is read is what every encoder writes in its place.
  '\ud800',
  'é\udc00x',
  '{"id":1}',
  'ä',
  '日本語',
  '\u0000\u001f"\\',
  '👍🏽',
  'x'.repeat(127),
  'é'.repeat(70_000),
];

function oddRecords(topic: string, random: () => number): TopicRecord[] {
  const text = (): string => TEXTS[Math.floor(random() * TEXTS.length)] ?? '';
  const odd = Array.from({ length: 300 }, (_, index) => ({
    topic,
    partition: Math.floor(random() * PARTITIONS),
    key: random() < 0.1 ? null : text(),
    value: random() < 0.1 ? null : random() < 0.2 ? Buffer.from(`${text()}${index}`) : `${text()}${index}`,
    ...(random() < 0.3 ? { headers: { ce_id: text(), größe: text() } } : {}),
  }));
  // Nearly as much as a topic takes, alone in its send.
  return [...odd, { topic, partition: 0, key: 'large', value: 'y'.repeat(1_000_000) }];
}

/** With another client's reading half, since it checks the sums and knows the format on its own. */
async function readPlainly(topic: string, count: number) {
  const kafka = new Kafka({ brokers: [brokers()], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: topic });
  const read: { partition: number; key: string | null; value: string | null; headers: object }[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message: { key, value, headers = {} } }) => {
        const texts = Object.entries(headers).map(([name, text]) => [name, text?.toString()]);
        read.push({
          partition,
          key: key?.toString() ?? null,
          value: value?.toString() ?? null,
          headers: Object.fromEntries(texts),
        });
      },
    });
    await until(() => read.length >= count, { deadlineMs: DEADLINE_MS, what: 'all records' });
  } finally {
    await consumer.disconnect();
  }
  return read;
}

describe('the Kafka ports', () => {
  test('records come once and in order per partition, through a window smaller than what waits', async () => {
    const topic = await newTopic();
    await produce(recordsFor(topic, 0, 500));
    const seen: FetchedRecord[] = [];
    {
      await using consumer = await connectConsumer(settings(), {
        group: topic,
        topics: [topic],
        window: WINDOW,
      });
      const consuming = consume(consumer, seen);
      await until(() => seen.length >= 500, { deadlineMs: DEADLINE_MS, what: 'all records' });
      consumer.queue.close();
      await consuming;
    }
    expect(new Set(keys(seen))).toEqual(allKeys(500));
    expect(seen.length).toBe(500);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const offsets = seen.filter((record) => record.partition === partition).map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => Number(a - b)));
    }
  });

  test('after a restart exactly what was not finished comes again, from the oldest unfinished on', async () => {
    const topic = await newTopic();
    await produce(recordsFor(topic, 0, 60));
    const first: FetchedRecord[] = [];
    {
      await using consumer = await connectConsumer(settings(), {
        group: topic,
        topics: [topic],
        window: WINDOW,
      });
      const consuming = consume(consumer, first, (record) => record.offset !== 5n);
      await until(() => first.length >= 60, { deadlineMs: DEADLINE_MS, what: 'all records' });
      consumer.queue.close();
      await consuming;
    }
    const again: FetchedRecord[] = [];
    await using consumer = await connectConsumer(settings(), {
      group: topic,
      topics: [topic],
      window: WINDOW,
    });
    const consuming = consume(consumer, again);
    const expected = first.filter(({ offset }) => offset >= 5n).length;
    await until(() => again.length >= expected, { deadlineMs: DEADLINE_MS, what: 'the unfinished records' });
    consumer.queue.close();
    await consuming;
    expect(again.length).toBe(expected);
    expect(Math.min(...again.map(({ offset }) => Number(offset)))).toBe(5);
  });

  test('a second member takes over partitions without a lost record', async () => {
    const topic = await newTopic();
    const seen: FetchedRecord[] = [];
    const assigned = { first: 0, second: 0 };
    await using first = await connectConsumer(settings(), {
      group: topic,
      topics: [topic],
      window: WINDOW,
      onAssigned: (count) => {
        assigned.first = count;
      },
    });
    const consumingFirst = consume(first, seen);
    await until(() => assigned.first === PARTITIONS, {
      deadlineMs: DEADLINE_MS,
      what: 'the first assignment',
    });
    await produce(recordsFor(topic, 0, 200));
    await using second = await connectConsumer(settings(), {
      group: topic,
      topics: [topic],
      window: WINDOW,
      onAssigned: (count) => {
        assigned.second = count;
      },
    });
    const consumingSecond = consume(second, seen);
    await until(() => assigned.second > 0 && assigned.first < PARTITIONS, {
      deadlineMs: DEADLINE_MS,
      what: 'the partitions to be shared',
    });
    await produce(recordsFor(topic, 200, 200));
    await until(() => new Set(keys(seen)).size === 400, { deadlineMs: DEADLINE_MS, what: 'every record' });
    for (const consumer of [first, second]) consumer.queue.close();
    await Promise.all([consumingFirst, consumingSecond]);
    expect(new Set(keys(seen))).toEqual(allKeys(400));
  });

  test(`what is read is what was written: keys, tombstones, headers, any text, any size (seed ${SEED})`, async () => {
    const topic = await newTopic();
    const written = oddRecords(topic, seededRandom(SEED));
    await produce(written);
    const read = await readPlainly(topic, written.length);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const wanted = written.filter((record) => record.partition === partition);
      expect(read.filter((record) => record.partition === partition)).toEqual(
        wanted.map(({ key, value, headers = {} }) => ({
          partition,
          key: key?.toWellFormed() ?? null,
          value: value?.toString().toWellFormed() ?? null,
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text]) => [name, text.toWellFormed()]),
          ),
        })),
      );
    }
  });

  test('a topic that is made anew under a producer takes its next records, whatever their numbers', async () => {
    const topic = await newTopic();
    const admin = new Kafka({ brokers: [brokers()], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await using producer = await connectProducer(settings());
      await producer.send(recordsFor(topic, 0, 100));
      await admin.deleteTopics({ topics: [topic] });
      await until(async () => !(await admin.listTopics()).includes(topic), {
        deadlineMs: DEADLINE_MS,
        what: 'the topic to be gone',
      });
      await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: false });
      await producer.send(recordsFor(topic, 100, 100));
      await producer.send(recordsFor(topic, 200, 100));
    } finally {
      await admin.disconnect();
    }
    const read = await readPlainly(topic, 200);
    expect(new Set(read.map(({ key }) => key))).toEqual(
      new Set(recordsFor(topic, 100, 200).map(({ key }) => key)),
    );
    expect(read.length).toBe(200);
  });

  test('a record is taken up to the last byte its topic allows, and one byte more is refused by name', async () => {
    const topic = await newTopic();
    // Batch and record have 61 bytes of their own and 11 of lengths and empty fields around one this large.
    const largest = TOPIC_BYTES_MAX - 61 - 11;
    const record = (bytes: number) => ({ topic, partition: 0, key: null, value: 'z'.repeat(bytes) });
    await produce([record(largest), record(largest)]);
    await expect(produce([record(largest + 1)])).rejects.toMatchObject({
      kind: 'set_up',
      code: 'MESSAGE_TOO_LARGE',
      message: expect.not.stringContaining('zz'),
    });
    expect((await readPlainly(topic, 2)).map(({ value }) => value?.length)).toEqual([largest, largest]);
  });

  test('lag counts what a group has not finished, and a broker that is away is said in one sentence', async () => {
    const topic = await newTopic();
    await produce(recordsFor(topic, 0, 9));
    const admin = await connectKafkaAdmin(settings());
    const lag = await admin.lag('nobody', [topic]);
    expect(lag.reduce((sum, { high, committed }) => sum + high - (committed ?? 0n), 0n)).toBe(9n);
    await admin.close();
    await expect(connectKafkaAdmin({ ...settings(), brokers: ['127.0.0.1:1'] })).rejects.toMatchObject({
      code: 'kafka_unreachable',
    });
  });
});
