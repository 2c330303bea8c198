import { connectKafkaAdmin } from './admin.ts';
import type { KafkaSettings } from './connect.ts';
import { type FollowedRecord, follow } from './follow.ts';

/**
 * Every record that the topic holds now, from the first at or after `fromMs`; ends by itself. Records that come meanwhile
 * may be among them.
 */
export async function* readUntil(
  settings: KafkaSettings,
  topic: string,
  { fromMs = 0 }: { readonly fromMs?: number },
): AsyncGenerator<FollowedRecord> {
  const left = await endsOf(settings, topic, fromMs);
  if (left.size === 0) return;
  const ending = new AbortController();
  try {
    for await (const record of follow(settings, topic, { fromMs }, ending.signal)) {
      yield record;
      if (record.offset >= (left.get(record.partition) ?? 0n)) left.delete(record.partition);
      if (left.size === 0) return;
    }
  } finally {
    ending.abort();
  }
}

/** Of each partition that has records, the last offset of now. */
async function endsOf(settings: KafkaSettings, topic: string, fromMs: number): Promise<Map<number, bigint>> {
  const admin = await connectKafkaAdmin(settings);
  try {
    const starts = await admin.startsAt(topic, fromMs);
    const ends = await admin.ends(topic);
    return new Map(
      ends
        .filter(({ partition, low, high }) => {
          const start = starts.get(partition) ?? low;
          return high > (start > low ? start : low);
        })
        .map(({ partition, high }) => [partition, high - 1n]),
    );
  } finally {
    await admin.close();
  }
}
