import { Kafka, logLevel } from 'kafkajs';
import { expect, test } from 'vitest';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { follow } from '../../shared/kafka/follow.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 90_000;

test('who follows a topic misses and repeats nothing when the membership ends and begins anew', async () => {
  const topic = uniquePipelineName();
  const settings = { brokers: [brokers()], clientId: topic, logger: createLogger('test', 'silent') };
  const admin = await connectKafkaAdmin(settings);
  await admin.createTopics([{ topic, partitions: 2, settings: {} }]);
  await using producer = await connectProducer(settings);
  const send = (from: number, to: number) =>
    producer.send(
      Array.from({ length: to - from }, (_, index) => {
        const value = String(from + index);
        return { topic, partition: (from + index) % 2, key: value, value };
      }),
    );
  await send(0, 10);
  const ending = new AbortController();
  const followed: number[] = [];
  const following = (async () => {
    for await (const { value } of follow(settings, topic, { fromMs: 0 }, ending.signal))
      followed.push(Number(value));
  })();
  const all = (count: number) =>
    until(() => followed.length >= count, { deadlineMs: DEADLINE_MS, what: `${count} followed records` });
  await all(10);

  // Somebody joins the group and takes a part, or all, of its partitions.
  const kafka = new Kafka({ brokers: [brokers()], logLevel: logLevel.NOTHING });
  const groups = kafka.admin();
  await groups.connect();
  const { groups: found } = await groups.listGroups();
  await groups.disconnect();
  const groupId = found.map((group) => group.groupId).find((name) => name.startsWith(`${topic}.`)) ?? '';
  const intruder = kafka.consumer({ groupId });
  await intruder.connect();
  await intruder.subscribe({ topic });
  let joined = false;
  intruder.on(intruder.events.GROUP_JOIN, () => {
    joined = true;
  });
  await intruder.run({ autoCommit: false, eachMessage: async () => {} });
  await until(() => joined, { deadlineMs: DEADLINE_MS, what: 'the group to have a second member' });
  await send(10, 30);
  await intruder.disconnect();
  await send(30, 40);
  await all(40);
  ending.abort();
  await following;
  expect(followed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
  for (const partition of [0, 1]) {
    const inOrder = followed.filter((value) => value % 2 === partition);
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
  }
  await admin.deleteTopics([topic]);
  await admin.close();
});
