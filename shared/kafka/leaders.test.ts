import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { askLeaders, untilLed } from './leaders.ts';

const refusal = (type: string): Error => Object.assign(new Error('refused'), { type });

test('a broker that does not lead yet is asked again; any other refusal is told at once', async () => {
  let asked = 0;
  const answer = await askLeaders(async () => {
    asked++;
    if (asked === 1) throw refusal('NOT_LEADER_FOR_PARTITION');
    if (asked === 2) throw new Error('given up', { cause: refusal('LEADER_NOT_AVAILABLE') });
    return 'offsets';
  });
  expect([answer, asked]).toEqual(['offsets', 3]);
  const refused = askLeaders(async () => {
    asked++;
    throw refusal('TOPIC_AUTHORIZATION_FAILED');
  });
  await expect(refused).rejects.toThrow('refused');
  expect(asked).toBe(4);
});

test('a new topic is there once whoever leads it answers for it', async () => {
  const asked: string[] = [];
  const answers = [
    () => {
      throw new kafkajs.KafkaJSError(refusal('UNKNOWN_TOPIC_OR_PARTITION'));
    },
    () => -1,
    () => 1,
    () => 1,
  ];
  const admin = {
    fetchTopicMetadata: async () => {
      const leader = answers.shift()?.() ?? 1;
      asked.push(`named ${leader}`);
      const partition = { partitionId: 0, partitionErrorCode: 0, leader, replicas: [], isr: [] };
      return { topics: [{ name: 'new', partitions: [partition] }] };
    },
    fetchTopicOffsets: async (topic: string) => {
      asked.push(topic);
      if (answers.length === 1) throw new kafkajs.KafkaJSError(refusal('NOT_LEADER_FOR_PARTITION'));
      return [];
    },
  };
  await untilLed(admin, ['new']);
  expect(asked).toEqual(['named -1', 'named 1', 'new', 'named 1', 'new']);
});
