import type { Definition } from '../../../shared/config/definition.ts';
import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { cdcTopic, enricherGroup } from '../../../shared/contracts/topics.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { KafkaAdmin, PartitionLag } from '../../../shared/kafka/admin.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';

const LOOK_INTERVAL_MS = 250;

export interface MovedGroup {
  readonly group: string;
  readonly topic: string;
  /** By partition: the next offset that it takes. */
  readonly offsets: ReadonlyMap<number, bigint>;
}

export interface Moving {
  readonly kafka: KafkaAdmin;
  readonly definition: Definition;
  readonly enrichment: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Both go on where the one that was behind had come to: so every change from there on has an outcome of each model on the
 * topic that it leads to now, and none was left out. What is repeated is known already and dropped as such.
 * @throws AfterglowError cutover_unfinished
 */
export async function moveOffsets({
  kafka,
  definition,
  enrichment,
  waitMs,
  signal,
}: Moving): Promise<readonly MovedGroup[]> {
  const { pipeline, enrichments, sources } = definition;
  const table = sources[enrichments[enrichment]?.from ?? '']?.table;
  if (table === undefined) throw new RangeError(`no source of ${enrichment}`);
  const topic = cdcTopic(pipeline, table.schema, table.name);
  const groups = [enricherGroup(pipeline, enrichment), enricherGroup(pipeline, shadowOf(enrichment))];
  await untilEmpty(kafka, groups, waitMs, signal);
  const lags = await Promise.all(groups.map((group) => kafka.lag(group, [topic])));
  const offsets = earliest(lags);
  await Promise.all(groups.map((group) => kafka.moveGroup(group, topic, offsets)));
  return groups.map((group) => ({ group, topic, offsets }));
}

/** By partition, of several groups, what the one that is furthest behind wants next. */
export function earliest(lags: readonly (readonly PartitionLag[])[]): ReadonlyMap<number, bigint> {
  const offsets = new Map<number, bigint>();
  for (const { partition, low, committed } of lags.flat()) {
    const next = committed === undefined || committed < low ? low : committed;
    const known = offsets.get(partition);
    if (known === undefined || next < known) offsets.set(partition, next);
  }
  return offsets;
}

/** The enrichers notice within seconds that they run by an old definition, finish what is under way, and wait. */
async function untilEmpty(
  kafka: KafkaAdmin,
  groups: readonly string[],
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const members = await kafka.membersOf(groups);
    if (members === 0) return;
    if (performance.now() >= deadlineMs) {
      throw new AfterglowError(
        'cutover_unfinished',
        `${members} ${members === 1 ? 'enricher is' : 'enrichers are'} still in the groups ${groups.join(' and ')}.`,
      );
    }
    await pause(LOOK_INTERVAL_MS, signal);
    signal.throwIfAborted();
  }
}
