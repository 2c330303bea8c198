import type { RowKey } from '../../shared/contracts/events.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type PartitionLag } from '../../shared/kafka/admin.ts';
import type { KafkaSettings } from '../../shared/kafka/connect.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { inTransaction } from '../../shared/postgres/connect.ts';
import type { TakenTopic } from '../../shared/progress/consumer-gaps.ts';
import type { GroupSettings } from '../../shared/progress/group-offsets.ts';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import {
  type LatePartition,
  latePartitions,
  notingTime,
  takeLateKeys,
} from '../../shared/side-tables/late-keys.ts';
import { keyParameters } from '../../shared/side-tables/parameters.ts';
import { createRedoJob, type KeyTexts } from '../../shared/side-tables/redo-jobs.ts';
import type { Target } from './apply.ts';
import type { LateKeys } from './late-keys.ts';

/** Compaction waits for days; what a crash repeats is through in seconds, and needs no redo. */
const LOOK_INTERVAL_MS = 60_000;
/** Of one job. */
const KEYS_MAX = 10_000;

export interface LateKeysParts {
  readonly group: GroupSettings;
  readonly kafka: KafkaSettings;
  /** By topic. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly lateKeys: LateKeys;
}

interface Mark {
  readonly at: string;
  readonly end: bigint;
}

/** Has keys redone whose last outcome is still an older one when the partition was written to its end. */
export class LateKeysRedo {
  readonly #parts: LateKeysParts;
  /** Of each partition with such keys where it ended at some look. */
  readonly #marks = new Map<string, Mark>();

  constructor(parts: LateKeysParts) {
    this.#parts = parts;
  }

  /** Until `ended` aborts; what fails is tried again. */
  async keep(ended: AbortSignal): Promise<void> {
    const { logger } = this.#parts.group;
    while (await pause(LOOK_INTERVAL_MS, ended)) {
      try {
        await this.look();
      } catch (err) {
        logger.debug({ err }, 'late keys are looked at later');
      }
    }
  }

  /** Two looks make a redo: the first sees where the partitions end, a later one that all of that was written. */
  async look(): Promise<void> {
    const { group, lateKeys } = this.#parts;
    await lateKeys.look(group.database);
    const partitions = await latePartitions(group.database);
    const names = new Set(partitions.map(nameOf));
    for (const name of this.#marks.keys()) if (!names.has(name)) this.#marks.delete(name);
    if (partitions.length === 0) return;
    const at = await notingTime(group.database);
    const lags = await this.#lags(partitions);
    for (const partition of partitions) {
      const topic = enrichedTopic(group.pipeline, partition.enrichment);
      const lag = lags.find((each) => each.topic === topic && each.partition === partition.partition);
      const mark = this.#marks.get(nameOf(partition));
      if (lag === undefined) continue;
      if (mark === undefined) this.#marks.set(nameOf(partition), { at, end: lag.high });
      else if ((lag.committed ?? 0n) >= mark.end) {
        this.#marks.delete(nameOf(partition));
        await this.#redo(partition, topic, mark);
      }
    }
  }

  async #lags(partitions: readonly LatePartition[]): Promise<readonly PartitionLag[]> {
    const { group, kafka } = this.#parts;
    const enrichments = new Set(partitions.map(({ enrichment }) => enrichment));
    const topics = [...enrichments].map((enrichment) => enrichedTopic(group.pipeline, enrichment));
    const admin = await connectKafkaAdmin(kafka);
    try {
      return await admin.lag(
        group.group,
        topics.filter((topic) => this.#parts.targets.has(topic)),
      );
    } finally {
      await admin.close();
    }
  }

  async #redo(partition: LatePartition, topic: string, { at }: Mark): Promise<void> {
    const { group, targets } = this.#parts;
    const target = targets.get(topic);
    const taken = group.topics.find((each) => each.topic === topic);
    if (target === undefined || taken === undefined) return;
    const made = await inTransaction(group.database, async (client) => {
      const keys = await takeLateKeys(client, partition, at, KEYS_MAX);
      if (keys.length === 0) return undefined;
      return { keys: keys.length, job: await createRedoJob(client, repair(taken, target.tables, keys)) };
    });
    if (made === undefined) return;
    group.logger.warn(
      { enrichment: partition.enrichment, ...made },
      'the last outcome of these keys is older than one before it: they are redone',
    );
  }
}

const nameOf = ({ enrichment, partition }: LatePartition): string => `${enrichment} ${partition}`;

function repair({ enrichment, table }: TakenTopic, tables: EnrichmentTables, keys: readonly RowKey[]) {
  const columns = keyParameters(tables, keys);
  const texts = keys.map((_, index): KeyTexts => columns.map((values) => String(values[index])));
  return {
    schema: table.schema,
    table: table.name,
    reason: 'repair',
    enrichments: [enrichment],
    keys: texts,
  } as const;
}
