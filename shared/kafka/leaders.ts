import { setTimeout as wait } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { kafkaErrorType } from './error-type.ts';

const { KafkaJSError } = kafkajs;

const LEADERS_DEADLINE_MS = 15_000;
const LEADERS_LOOK_INTERVAL_MS = 100;

/**
 * A broker may be asked for a new topic before it has heard of it, or of leading it: who is named is asked, too. The client's
 * own waiting takes such an answer for the end of the matter, although the topic has been made.
 */
export async function untilLed(
  admin: Pick<Admin, 'fetchTopicMetadata' | 'fetchTopicOffsets'>,
  topics: readonly string[],
): Promise<void> {
  const deadlineMs = performance.now() + LEADERS_DEADLINE_MS;
  for (;;) {
    try {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
      if (found.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) {
        await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
        return;
      }
    } catch (error) {
      if (!(error instanceof KafkaJSError) || performance.now() > deadlineMs) throw error;
    }
    if (performance.now() > deadlineMs) throw new Error(`no leader for ${topics.join(', ')}`);
    await wait(LEADERS_LOOK_INTERVAL_MS);
  }
}

const NOT_LEADING = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** A broker that was just told to lead a partition may not know it yet, or has passed it on: the next answer is another one. */
export async function askLeaders<T>(question: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + LEADERS_DEADLINE_MS;
  for (;;) {
    try {
      return await question();
    } catch (error) {
      if (!NOT_LEADING.has(kafkaErrorType(error) ?? '') || performance.now() > deadlineMs) throw error;
    }
    await wait(LEADERS_LOOK_INTERVAL_MS);
  }
}
