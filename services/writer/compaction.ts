import { CDC_RETENTION_MS } from '../../shared/contracts/retention.ts';
import { CATALOGUE } from '../../shared/errors/catalogue.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { connectKafkaAdmin, type PartitionLag } from '../../shared/kafka/admin.ts';
import { type KafkaSettings, kafkaUnreachable } from '../../shared/kafka/connect.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { tellGaps } from '../../shared/kafka/gap-notice.ts';
import type { RecordProducer } from '../../shared/kafka/producer.ts';
import { inTransaction } from '../../shared/postgres/connect.ts';
import { recordConsumerGap } from '../../shared/progress/consumer-gaps.ts';
import type { GroupSettings } from '../../shared/progress/group-offsets.ts';
import {
  lockGroup,
  readCompactedBefore,
  rememberCompactedBefore,
} from '../../shared/side-tables/known-groups.ts';

const REASON = 'outcomes_compacted';

interface Overtaken {
  readonly topic: string;
  readonly partition: number;
  readonly committed: bigint;
  /** Where the partition ends now: what comes from there on is taken in time. */
  readonly offset: bigint;
}

/**
 * Before anything is taken: is the next record older than compaction leaves alone, or gone already? Then deletions may be among
 * what was compacted, tombstones too, and their results would stay for ever. Recorded as a gap, once; the reader sweeps.
 */
export async function checkCompaction(
  settings: GroupSettings,
  kafka: KafkaSettings,
  producer: RecordProducer,
  nowMs: number,
): Promise<void> {
  const { database, group, logger, pipeline, topics } = settings;
  const overtaken = await overtakenPartitions(settings, kafka, nowMs - CDC_RETENTION_MS);
  if (overtaken.length === 0) return;
  const gaps = await inTransaction(database, async (client) => {
    await lockGroup(client, group);
    const recorded = await readCompactedBefore(client, group);
    const isRecorded = ({ topic, partition, committed }: Overtaken): boolean =>
      recorded.some(
        (known) => known.topic === topic && known.partition === partition && committed < known.offset,
      );
    const found = overtaken.filter((each) => !isRecorded(each));
    await rememberCompactedBefore(client, group, found);
    const made = [];
    for (const taken of topics) {
      const ofTopic = found.filter(({ topic }) => topic === taken.topic);
      if (ofTopic.length === 0) continue;
      const places = ofTopic.map(
        ({ partition, committed, offset }) => `partition ${partition} from ${committed} to ${offset}`,
      );
      const detail = `${CATALOGUE[REASON].meaning} ${taken.enrichment}: ${places.join('; ')}.`;
      made.push(await recordConsumerGap(client, taken, { reason: REASON, detail, jobs: [] }));
    }
    return made;
  });
  for (const gap of gaps) logger.error({ gap: gap.id, reason: gap.reason }, gap.detail);
  if (gaps.length > 0) await tellGaps(database, producer, pipeline);
}

async function overtakenPartitions(
  { group, topics }: GroupSettings,
  kafka: KafkaSettings,
  untouchedSinceMs: number,
): Promise<readonly Overtaken[]> {
  const admin = await connectKafkaAdmin(kafka);
  try {
    const lags = await admin.lag(
      group,
      topics.map(({ topic }) => topic),
    );
    const overtaken: Overtaken[] = [];
    for (const { topic } of topics) {
      const behind = lags.filter((lag) => lag.topic === topic && lag.high > lag.low);
      if (behind.every((lag) => lag.committed === lag.high)) continue;
      const untouchedFrom = await admin.startsAt(topic, untouchedSinceMs);
      overtaken.push(...behind.flatMap((lag) => overtakenOf(lag, untouchedFrom.get(lag.partition)) ?? []));
    }
    return overtaken;
  } catch (error) {
    throw kafkaUnreachable(kafka.brokers, error);
  } finally {
    await admin.close();
  }
}

/** `untouchedFrom`: the first record that compaction leaves alone for its age; the end where all are older. Holes before it are old, too. */
export function overtakenOf(
  { topic, partition, low, high, committed }: PartitionLag,
  untouchedFrom: bigint | undefined,
): Overtaken | undefined {
  // What lies outside of the log is another kind of loss.
  if (committed === undefined || committed < low || committed >= high) return undefined;
  if (untouchedFrom === undefined || untouchedFrom <= committed) return undefined;
  return { topic, partition, committed, offset: high };
}

/** @throws Fault when a record came while this membership stood still, for so long that the next one has to look first */
export function refuseOvertaken(
  records: readonly Pick<FetchedRecord, 'timestampMs'>[],
  startedAtMs: number,
  nowMs: number,
): void {
  const wasOvertaken = ({ timestampMs }: Pick<FetchedRecord, 'timestampMs'>): boolean =>
    timestampMs > startedAtMs && nowMs - timestampMs > CDC_RETENTION_MS;
  if (records.some(wasOvertaken)) {
    throw new Fault('unavailable', REASON, 'the writer stood still for longer than outcomes are kept whole');
  }
}
