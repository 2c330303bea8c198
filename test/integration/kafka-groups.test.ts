// Who is in a group, and who may move what it has committed.
import { expect, test } from 'vitest';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectConsumer, type FetchedRecord } from '../../shared/kafka/consumer.ts';
import {
  allKeys,
  consume,
  keys,
  newTopic,
  produce,
  recordsFor,
  settings,
} from '../support/numbered-records.ts';
import { until } from '../support/wait.ts';

const WINDOW = { rowsMax: 50, bytesMax: 1_048_576 };
const DEADLINE_MS = 60_000;
/** A member that Kafka has not heard of for 10 s is none any more. */
const SILENCE_MAX_MS = 11_000;

test('a member is given nothing until it is admitted, however long that takes, and one that is refused ends', async () => {
  const topic = await newTopic();
  await produce(recordsFor(topic, 0, 30));
  const admission = Promise.withResolvers<void>();
  const askedAtMs: number[] = [];
  const member = (admit: () => Promise<void>) =>
    connectConsumer(settings(), { group: topic, topics: [topic], window: WINDOW, admit });
  const seen: FetchedRecord[] = [];
  {
    await using consumer = await member(async () => {
      askedAtMs.push(performance.now());
      await admission.promise;
    });
    const consuming = consume(consumer, seen);
    const isOver = (): boolean => performance.now() - (askedAtMs[0] ?? performance.now()) > SILENCE_MAX_MS;
    await until(isOver, { deadlineMs: 60_000, what: 'a member that is silent to be put out' });
    expect(seen).toEqual([]);
    admission.resolve();
    await until(() => seen.length >= 30, { deadlineMs: DEADLINE_MS, what: 'all records' });
    consumer.queue.close();
    await consuming;
  }
  expect(askedAtMs.length).toBe(1);
  expect(new Set(keys(seen))).toEqual(allKeys(30));
  await using refused = await member(() => Promise.reject(new Error('refused')));
  await produce(recordsFor(topic, 30, 3));
  await expect(consume(refused, seen)).rejects.toThrow('refused');
  expect(seen.length).toBe(30);
});

test('the offsets of a group are moved by others only while nobody is in it', async () => {
  const topic = await newTopic();
  await produce(recordsFor(topic, 0, 30));
  const admin = await connectKafkaAdmin(settings());
  const committed = async () => (await admin.lag(topic, [topic])).map((lag) => lag.committed);
  const to = (offset: bigint) => new Map([0, 1, 2].map((partition) => [partition, offset]));
  expect(await admin.moveGroup(topic, topic, to(2n))).toBe(true);
  const seen: FetchedRecord[] = [];
  {
    await using consumer = await connectConsumer(settings(), {
      group: topic,
      topics: [topic],
      window: WINDOW,
    });
    const consuming = consume(consumer, seen, () => false);
    await until(() => seen.length >= 30 - 6, { deadlineMs: DEADLINE_MS, what: 'the rest' });
    expect(await admin.moveGroup(topic, topic, to(1n))).toBe(false);
    consumer.queue.close();
    await consuming;
  }
  expect(seen.every(({ offset }) => offset >= 2n)).toBe(true);
  expect(await committed()).toEqual([2n, 2n, 2n]);
  expect(await admin.moveGroup(topic, topic, to(1n))).toBe(true);
  expect(await committed()).toEqual([1n, 1n, 1n]);
  await admin.close();
});
