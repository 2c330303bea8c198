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

/** Where a group stands. */
export interface GroupPlace {
  readonly group: string;
  readonly topic: string;
  readonly lags: readonly PartitionLag[];
}

export interface Moving {
  readonly kafka: KafkaAdmin;
  readonly definition: Definition;
  readonly enrichment: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Told where a group stands before it is moved: behind that nobody can see what it has lost. */
  readonly onLags?: (place: GroupPlace) => Promise<void>;
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
  onLags,
}: Moving): Promise<readonly MovedGroup[]> {
  const { pipeline, enrichments, sources } = definition;
  const table = sources[enrichments[enrichment]?.from ?? '']?.table;
  if (table === undefined) throw new RangeError(`no source of ${enrichment}`);
  const topic = cdcTopic(pipeline, table.schema, table.name);
  const groups = [enricherGroup(pipeline, enrichment), enricherGroup(pipeline, shadowOf(enrichment))];
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const members = await kafka.membersOf(groups);
    const moved = members === 0 ? await moveBoth(kafka, groups, topic, onLags) : undefined;
    if (moved !== undefined) return moved;
    if (performance.now() >= deadlineMs) throw stillIn(groups, Math.max(1, members));
    await pause(LOOK_INTERVAL_MS, signal);
    signal.throwIfAborted();
  }
}

/** Undefined: somebody has joined meanwhile, who notices at once and leaves again. */
async function moveBoth(
  kafka: KafkaAdmin,
  groups: readonly string[],
  topic: string,
  onLags: Moving['onLags'],
): Promise<readonly MovedGroup[] | undefined> {
  const lags = await Promise.all(groups.map((group) => kafka.lag(group, [topic])));
  for (const [place, group] of groups.entries()) await onLags?.({ group, topic, lags: lags[place] ?? [] });
  const offsets = earliest(lags);
  const moved = await Promise.all(groups.map((group) => kafka.moveGroup(group, topic, offsets)));
  return moved.every(Boolean) ? groups.map((group) => ({ group, topic, offsets })) : undefined;
}

/** Enrichers notice within seconds that they run by an old definition, finish what is under way, and wait. */
function stillIn(groups: readonly string[], members: number): AfterglowError {
  const who = `${members} ${members === 1 ? 'enricher is' : 'enrichers are'}`;
  return new AfterglowError('cutover_unfinished', `${who} still in the groups ${groups.join(' and ')}.`);
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
