// What Kafka delivers again: passed over where the database knows that it is written, and only there.
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { initTopics } from '../../services/cli/init/topics.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { scored } from '../support/side-tables.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';
import { createWriting, type TestWriting } from '../support/writing.ts';

const DEADLINE_MS = 120_000;

/** Somebody has the group begin anew, or go on at the end. */
async function seek({ definition }: TestWriting, to: 'low' | 'high'): Promise<void> {
  const { pipeline } = definition;
  const topic = enrichedTopic(pipeline, 'fraud');
  const admin = new kafkajs.Kafka({ brokers: [brokers()], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map((end) => ({ partition: end.partition, offset: end[to] }));
    await admin.setOffsets({ groupId: writerGroup(pipeline), topic, partitions });
  } finally {
    await admin.disconnect();
  }
}

const outcomes = (from: number, to: number, at = 5) =>
  Array.from({ length: to - from }, (_, index) => scored(String(from + index), at, 0.5));

async function rows({ client }: TestWriting): Promise<number> {
  const { rows: found } = await client.query<{ count: number }>(
    'select count(*)::int4 from afterglow_internal.state_fraud join afterglow.fraud on id = key_id',
  );
  return found[0]?.count ?? 0;
}

async function writes(writing: TestWriting): Promise<void> {
  await using _writer = writing.start();
  await writing.caughtUp();
}

test('outcomes that come again are passed over unread, and what is new behind them is written', async () => {
  await using writing = await createWriting();
  await writing.publish(outcomes(0, 300));
  await writes(writing);
  await seek(writing, 'low');
  // Whoever compares, or writes, would put them back.
  await writing.client.query('truncate afterglow_internal.state_fraud, afterglow.fraud');
  await writing.publish(outcomes(300, 310));
  await using writer = writing.start();
  await writing.caughtUp();
  expect(await rows(writing)).toBe(10);
  const superseded = await writer.registry.getSingleMetric('afterglow_writer_superseded_total')?.get();
  expect(superseded?.values.map(({ value }) => value)).toEqual([300]);
});

test('without that knowledge they are compared one by one, and it is there again', async () => {
  await using writing = await createWriting();
  await writing.publish(outcomes(0, 50));
  await writes(writing);
  await writing.client.query('delete from afterglow_internal.written_outcomes');
  await seek(writing, 'low');
  await writes(writing);
  expect(await rows(writing)).toBe(50);
  const { rows: known } = await writing.client.query(
    'select sum(next_offset - first_offset)::int4 as outcomes from afterglow_internal.written_outcomes',
  );
  expect(known).toEqual([{ outcomes: 50 }]);
});

test('what was left out by hand is written all the same', async () => {
  await using writing = await createWriting();
  await writing.publish(outcomes(0, 50));
  await writes(writing);
  await writing.publish(outcomes(50, 100));
  await seek(writing, 'high');
  await writing.publish(outcomes(100, 150));
  await writes(writing);
  expect(await rows(writing)).toBe(150);
});

test('an offset that a broker lost and gave again is another outcome', async () => {
  await using writing = await createWriting();
  const known = async () =>
    (
      await writing.client.query(
        'select partition, next_offset from afterglow_internal.written_outcomes order by 1',
      )
    ).rows;
  await writing.publish(outcomes(0, 60));
  await writes(writing);
  // The log was longer once: what comes now takes offsets that were written before.
  await writing.client.query(
    'update afterglow_internal.written_outcomes set next_offset = next_offset + 500',
  );
  await writing.publish(outcomes(60, 120));
  await writes(writing);
  expect(await rows(writing)).toBe(120);
  const now = await known();
  await seek(writing, 'low');
  await writing.client.query('delete from afterglow_internal.written_outcomes');
  await writes(writing);
  expect(now).toEqual(await known());
});

test('a topic that was deleted and made anew is another one: nothing of it is passed over', {
  timeout: 400_000,
}, async () => {
  await using writing = await createWriting();
  const { pipeline } = writing.definition;
  const topic = enrichedTopic(pipeline, 'fraud');
  await writing.publish(outcomes(0, 90));
  await writes(writing);
  const admin = await connectKafkaAdmin({
    brokers: [brokers()],
    clientId: 'test',
    logger: createLogger('test', 'silent'),
  });
  try {
    await admin.deleteTopics([topic]);
    await until(async () => !(await admin.listTopics()).includes(topic), {
      deadlineMs: DEADLINE_MS,
      what: 'the topic to be gone',
    });
    await until(
      async () => {
        const made = await admin.createTopics(
          initTopics(writing.definition).filter((each) => each.topic === topic),
        );
        return made[0] === true;
      },
      { deadlineMs: DEADLINE_MS, what: 'the topic to be made anew' },
    );
  } finally {
    await admin.close();
  }
  await writing.publish(outcomes(1_000, 1_090));
  await seek(writing, 'low');
  await writes(writing);
  expect(await rows(writing)).toBe(180);
});
