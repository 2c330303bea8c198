import { Fault } from '../errors/policy.ts';
import { connectKafkaAdmin } from './admin.ts';
import type { KafkaSettings } from './connect.ts';
import { type FollowedRecord, follow } from './follow.ts';

/** A broker that answers has sent something by then. */
const SILENCE_MAX_MS = 60_000;

/**
 * Every record that the topic holds now, each partition in its order; what is written meanwhile is left out. Holds no more
 * of it than `follow` does. @throws Fault when it ends before its end, so that nobody takes a part for the whole
 */
export async function* readThrough(
  settings: KafkaSettings,
  topic: string,
  signal: AbortSignal,
): AsyncGenerator<FollowedRecord> {
  const left = await lastOffsets(settings, topic);
  if (left.size === 0) return;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    for await (const record of follow(settings, topic, { fromMs: 0 }, either)) {
      clearTimeout(timer);
      const last = left.get(record.partition);
      if (last !== undefined && record.offset <= last) yield record;
      // What a cleaner took away leaves holes, but never at the end, where it does not work yet.
      if (last !== undefined && record.offset >= last) left.delete(record.partition);
      if (left.size === 0) return;
      timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Fault('unavailable', 'topic_not_read', `topic ${topic} was not read to its end`);
}

async function lastOffsets(settings: KafkaSettings, topic: string): Promise<Map<number, bigint>> {
  const admin = await connectKafkaAdmin(settings);
  try {
    const ends = (await admin.ends(topic)).filter(({ low, high }) => high > low);
    return new Map(ends.map(({ partition, high }) => [partition, high - 1n]));
  } finally {
    await admin.close();
  }
}
