import { expect, test } from 'vitest';
import type { RecordProducer, TopicRecord } from '../../shared/kafka/producer.ts';
import { Publisher } from './publisher.ts';

const LIMITS = { bufferBytesMax: 4_000, sendBytesMax: 2_000, sendRowsMax: 10 };
const record = (value: string): TopicRecord => ({ topic: 't', partition: 0, key: 'k', value });

function producerOf(send: RecordProducer['send']): RecordProducer {
  return { send, [Symbol.asyncDispose]: async () => {} };
}

test('a failed send ends the waiting for room, and nothing later is sent', async () => {
  let sends = 0;
  const publisher = new Publisher(
    producerOf(async () => {
      sends++;
      throw new Error('refused');
    }),
    LIMITS,
  );
  for (let index = 0; index < 20; index++) publisher.push({ record: record('x'.repeat(100)) });
  const running = expect(publisher.run(() => {})).rejects.toThrow('refused');
  await expect(publisher.room()).rejects.toThrow('refused');
  await running;
  expect(sends).toBe(1);
});

test('marks and callbacks follow the confirmation of everything before them, in order', async () => {
  const log: string[] = [];
  const publisher = new Publisher(
    producerOf(async (records) => {
      log.push(`sent ${records.length}`);
    }),
    LIMITS,
  );
  publisher.push({ record: record('a') });
  publisher.push({ mark: { commitLsn: 1n, endLsn: 2n, committedAtUs: 0, counts: [] } });
  publisher.push({ whenConfirmed: () => log.push('told') });
  publisher.close();
  await publisher.run((marks) => log.push(`published ${marks.map(({ endLsn }) => endLsn)}`));
  expect(log).toEqual(['sent 1', 'published 2', 'told']);
});
