// Offsets are in Kafka, and what they stand for in the database: when that loses its newest transactions, in a crash or because
// a standby without them has taken over, nothing would ever bring these outcomes again.
import { connectKafkaAdmin, type PartitionLag } from '../../shared/kafka/admin.ts';
import type { Admission } from '../../shared/kafka/admission.ts';
import { type KafkaSettings, kafkaUnreachable } from '../../shared/kafka/connect.ts';
import type { OffsetToCommit } from '../../shared/kafka/offsets.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import {
  readWrittenStretches,
  WentBack,
  type WrittenStretch,
} from '../../shared/side-tables/written-outcomes.ts';
import type { WrittenOutcomes } from './written-outcomes.ts';

const LOOK_INTERVAL_MS = 5_000;

/** Pure. Where the group is further than the database, and where that has come to; what it does not know at all is not written. */
export function placesToGoBackTo(
  lags: readonly PartitionLag[],
  stretches: readonly WrittenStretch[],
): readonly OffsetToCommit[] {
  return lags.flatMap(({ topic, partition, committed = 0n }) => {
    const known = stretches.find((stretch) => stretch.topic === topic && stretch.partition === partition);
    const next = known?.next ?? 0n;
    return next < committed ? [{ topic, partition, offset: String(next) }] : [];
  });
}

export interface GroupPlaces {
  readonly database: Queryable;
  readonly kafka: KafkaSettings;
  readonly group: string;
  readonly topicIds: ReadonlyMap<string, string>;
}

/**
 * Before the first record of a membership: the group goes on where the database has come to. Of a topic without an id nothing is
 * ever noted, so nothing is known to be lost either. @throws WentBack to begin there
 */
export async function goBackToWritten(
  { database, kafka, group, topicIds }: GroupPlaces,
  { partitions, commit }: Admission,
): Promise<void> {
  const topics = Object.keys(partitions).filter((topic) => topicIds.has(topic));
  if (topics.length === 0) return;
  // In this order: what the group commits meanwhile is not among what is assigned here.
  const lags = await lagOf(kafka, group, topics);
  const assigned = lags.filter(({ topic, partition }) => partitions[topic]?.includes(partition) === true);
  const places = placesToGoBackTo(assigned, await readWrittenStretches(database, topicIds));
  if (places.length === 0) return;
  try {
    await commit(places);
  } catch (error) {
    // This membership is over, say: the next one finds the same.
    throw kafkaUnreachable(kafka.brokers, error);
  }
  throw new WentBack();
}

async function lagOf(
  kafka: KafkaSettings,
  group: string,
  topics: readonly string[],
): Promise<readonly PartitionLag[]> {
  const admin = await connectKafkaAdmin(kafka);
  try {
    return await admin.lag(group, topics);
  } catch (error) {
    throw kafkaUnreachable(kafka.brokers, error);
  } finally {
    await admin.close();
  }
}

/** Aborts with WentBack, also while nothing comes that would be written behind what is lost. */
export function watchWritten(
  { database, topicIds }: Pick<GroupPlaces, 'database' | 'topicIds'>,
  lanes: readonly WrittenOutcomes[],
  signal: AbortSignal,
): AbortSignal {
  const wentBack = new AbortController();
  const look = async (): Promise<void> => {
    while (await pause(LOOK_INTERVAL_MS, signal)) {
      try {
        // Once for all of them, and not before each has said what it has written.
        let reading: Promise<readonly WrittenStretch[]> | undefined;
        const read = () => {
          reading ??= readWrittenStretches(database, topicIds);
          return reading;
        };
        const missing = await Promise.all(lanes.map((lane) => lane.isMissing(read)));
        if (!missing.includes(true)) continue;
        wentBack.abort(new WentBack());
        return;
      } catch {
        // Whoever writes notices.
      }
    }
  };
  void look();
  return wentBack.signal;
}
