import { CATALOGUE } from '../errors/catalogue.ts';
import { connectKafkaAdmin, type PartitionLag } from '../kafka/admin.ts';
import { type KafkaSettings, kafkaUnreachable } from '../kafka/connect.ts';
import { tellGaps } from '../kafka/gap-notice.ts';
import type { OffsetToCommit } from '../kafka/offsets.ts';
import type { RecordProducer } from '../kafka/producer.ts';
import { pause } from '../lifecycle/run-service.ts';
import { type DatabasePool, inTransaction, type Queryable } from '../postgres/connect.ts';
import type { Gap } from '../side-tables/gaps.ts';
import {
  forgetGroupOffsets,
  lockGroup,
  readGroupOffsets,
  rememberGroupOffsets,
} from '../side-tables/known-groups.ts';
import { createRedoJob } from '../side-tables/redo-jobs.ts';
import type { Logger } from '../telemetry/logger.ts';
import { recordConsumerGap, type TakenTopic } from './consumer-gaps.ts';
import { lossOf, type OffsetLoss } from './offset-loss.ts';

export interface GroupSettings {
  readonly pipeline: string;
  readonly group: string;
  readonly topics: readonly TakenTopic[];
  readonly database: DatabasePool;
  readonly logger: Logger;
}

const REASON = 'group_offsets_lost';

/**
 * Before anything is consumed: did the log throw away what this group had not taken? Then that is a gap. It is recorded with
 * the redo that closes it in one transaction, by one process of the group; the group goes on at the start of the log.
 */
export async function checkOffsets(
  settings: GroupSettings,
  kafka: KafkaSettings,
  producer: RecordProducer,
): Promise<void> {
  const { database, logger, pipeline } = settings;
  const lags = await lagOf(kafka, settings);
  const gaps = await inTransaction(database, (client) => recordLosses(client, settings, lags));
  for (const gap of gaps) logger.error({ gap: gap.id, reason: gap.reason, jobs: gap.jobs }, gap.detail);
  if (gaps.length > 0) await tellGaps(database, producer, pipeline);
}

/** What the log threw away of what the group had not taken, as a gap with the redo that closes it: in the transaction of `client`. */
export async function recordLosses(
  client: Queryable,
  settings: Pick<GroupSettings, 'group' | 'topics'>,
  lags: readonly PartitionLag[],
): Promise<readonly Gap[]> {
  const { group } = settings;
  await lockGroup(client, group);
  const known = await readGroupOffsets(client, group);
  const losses = lags.flatMap((lag) => {
    const remembered = known.find(
      ({ topic, partition }) => topic === lag.topic && partition === lag.partition,
    );
    return lossOf(lag, remembered?.offset) ?? [];
  });
  await settle(client, group, losses);
  return await recordEach(client, settings, losses);
}

async function lagOf(kafka: KafkaSettings, { group, topics }: GroupSettings) {
  const admin = await connectKafkaAdmin(kafka);
  try {
    return await admin.lag(
      group,
      topics.map(({ topic }) => topic),
    );
  } catch (error) {
    // A group or topic that was made a moment ago has no coordinator or leader yet.
    throw kafkaUnreachable(kafka.brokers, error);
  } finally {
    await admin.close();
  }
}

/** So that the next process of the group, and the next start, do not find the same loss again. */
async function settle(client: Queryable, group: string, losses: readonly OffsetLoss[]): Promise<void> {
  const isMissing = ({ kind }: OffsetLoss): boolean => kind === 'offset_missing';
  await forgetGroupOffsets(client, group, losses.filter(isMissing));
  const goingOn = losses.filter((loss) => !isMissing(loss));
  await rememberGroupOffsets(
    client,
    group,
    goingOn.map(({ topic, partition, logStart }) => ({ topic, partition, offset: logStart })),
  );
}

async function recordEach(
  client: Queryable,
  { group, topics }: Pick<GroupSettings, 'group' | 'topics'>,
  losses: readonly OffsetLoss[],
): Promise<readonly Gap[]> {
  const gaps: Gap[] = [];
  for (const taken of topics) {
    const ofTopic = losses.filter(({ topic }) => topic === taken.topic);
    if (ofTopic.length > 0) gaps.push(await record(client, taken, detailOf(group, ofTopic)));
  }
  return gaps;
}

async function record(client: Queryable, taken: TakenTopic, detail: string): Promise<Gap> {
  const { enrichment, table } = taken;
  const { schema, name } = table;
  // Rows first; the keys that have a result and no row any more follow when these are read (the reader sweeps).
  const job = await createRedoJob(client, { schema, table: name, reason: 'gap', enrichments: [enrichment] });
  return await recordConsumerGap(client, taken, { reason: REASON, detail, jobs: [job] });
}

function detailOf(group: string, losses: readonly OffsetLoss[]): string {
  const places = losses.map(
    ({ partition, kind, reached, logStart }) =>
      `partition ${partition} from ${logStart}, had come to ${reached} (${kind})`,
  );
  return `${CATALOGUE[REASON].meaning} Group ${group}: ${places.join('; ')}.`;
}

const REMEMBER_INTERVAL_MS = 2_000;

/** Keeps in the database what the group has committed in Kafka. */
export class CommittedOffsets {
  readonly #newest = new Map<string, OffsetToCommit>();

  /** For the consumer. */
  readonly committed = (offsets: readonly OffsetToCommit[]): void => {
    for (const offset of offsets) this.#newest.set(`${offset.topic}/${offset.partition}`, offset);
  };

  /** Never rejects: what is not remembered now is remembered later, and at worst a loss is not seen. */
  async keep({ database, group, logger }: GroupSettings, signal: AbortSignal): Promise<void> {
    let isGoingOn = true;
    while (isGoingOn) {
      isGoingOn = await pause(REMEMBER_INTERVAL_MS, signal);
      const moved = [...this.#newest.values()];
      this.#newest.clear();
      try {
        await rememberGroupOffsets(
          database,
          group,
          moved.map(({ topic, partition, offset }) => ({ topic, partition, offset: BigInt(offset) })),
        );
      } catch (error) {
        logger.debug({ err: error }, 'committed offsets could not be remembered');
        for (const offset of moved) this.#remember(offset);
      }
    }
  }

  #remember(offset: OffsetToCommit): void {
    const place = `${offset.topic}/${offset.partition}`;
    if (!this.#newest.has(place)) this.#newest.set(place, offset);
  }
}
