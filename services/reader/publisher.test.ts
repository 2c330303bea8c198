import { expect, test } from 'vitest';
import type { RecordProducer, TopicRecord } from '../../shared/kafka/producer.ts';
import { Publisher } from './publisher.ts';

const record = (value: string): TopicRecord => ({ topic: 't', partition: 0, key: 'k', value });

function producerOf(sendSet: RecordProducer['sendSet']): RecordProducer {
  return {
    sendSet,
    send: async () => {
      throw new Error('the publisher fills its sets itself');
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

test('a failed send ends the waiting for room, and nothing later is sent', async () => {
  let sends = 0;
  const publisher = new Publisher(
    producerOf(async () => {
      sends++;
      throw new Error('refused');
    }),
    1_000,
  );
  for (let index = 0; index < 20; index++) publisher.push({ record: record('x'.repeat(30_000)) });
  const running = expect(publisher.run(() => {})).rejects.toThrow('refused');
  await expect(publisher.room()).rejects.toThrow('refused');
  await running;
  expect(sends).toBe(1);
});

test('marks and callbacks follow the confirmation of everything before them, in order', async () => {
  const log: string[] = [];
  const publisher = new Publisher(
    producerOf(async ({ count }) => {
      log.push(`sent ${count}`);
    }),
    1_000,
  );
  publisher.push({ record: record('a') });
  publisher.push({ mark: { commitLsn: 1n, endLsn: 2n, committedAtUs: 0, counts: [] } });
  publisher.push({ whenConfirmed: () => log.push('told') });
  publisher.close();
  await publisher.run((marks) => log.push(`published ${marks.map(({ endLsn }) => endLsn)}`));
  expect(log).toEqual(['sent 1', 'published 2', 'told']);
});

test('it is at rest while nothing waits for its confirmation, and tells by a number whether it always was', async () => {
  const confirmation = Promise.withResolvers<void>();
  const publisher = new Publisher(
    producerOf(async () => await confirmation.promise),
    1_000,
  );
  const before = publisher.rest;
  expect(before).toBeDefined();
  publisher.push({ record: record('a') });
  expect(publisher.rest).toBeUndefined();
  const running = publisher.run(() => expect(publisher.rest).toBeUndefined());
  expect(publisher.rest).toBeUndefined();
  confirmation.resolve();
  publisher.push({ whenConfirmed: () => publisher.close() });
  await running;
  expect(publisher.rest).toBeGreaterThan(before ?? 0);
});

test('more than one send holds is sent in order, and there is room again as soon as it is under way', async () => {
  const sent: number[] = [];
  const publisher = new Publisher(
    producerOf(async ({ count }) => {
      sent.push(count);
    }),
    1_000,
  );
  const value = 'x'.repeat(30_000);
  for (let index = 0; index < 20; index++) publisher.push({ record: record(value) });
  publisher.push({ mark: { commitLsn: 1n, endLsn: 2n, committedAtUs: 0, counts: [] } });
  const marked: number[] = [];
  const running = publisher.run((marks) => marked.push(marks.length));
  await publisher.room();
  publisher.close();
  await running;
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.reduce((sum, count) => sum + count, 0)).toBe(20);
  expect(marked).toEqual([...sent.slice(1).map(() => 0), 1]);
});

test('transactions without rows wait for room as well: while nothing is confirmed they are memory, too', async () => {
  const confirmation = Promise.withResolvers<void>();
  const publisher = new Publisher(
    producerOf(async () => await confirmation.promise),
    10_000,
  );
  publisher.push({ record: record('a') });
  const marked: number[] = [];
  const running = publisher.run((marks) => marked.push(marks.length));
  await publisher.room();
  for (let index = 0; index < 1_000; index++) {
    publisher.push({ mark: { commitLsn: 1n, endLsn: 2n, committedAtUs: 0, counts: [] } });
  }
  let hasRoom = false;
  const room = publisher.room().then(() => {
    hasRoom = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasRoom).toBe(false);
  confirmation.resolve();
  await room;
  publisher.close();
  await running;
  expect(marked).toEqual([0, 1_000]);
});

test('what little comes soon after a send waits for company, and much goes at once', async () => {
  const sent: number[] = [];
  const turns: (() => void)[] = [];
  const publisher = new Publisher(
    producerOf(async ({ count }) => {
      sent.push(count);
    }),
    1_000_000,
    { turn: () => new Promise((resolve) => turns.push(resolve)) },
  );
  publisher.push({ record: record('a') });
  const running = publisher.run(() => {});
  publisher.push({ record: record('b') });
  expect(sent).toEqual([]);
  turns.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toEqual([2]);
  for (let index = 0; index < 3; index++) publisher.push({ record: record('x'.repeat(30_000)) });
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toEqual([2, 3]);
  expect(turns).toEqual([]);
  publisher.close();
  await running;
});
