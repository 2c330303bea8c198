// A batch as one transaction, in as few trips to the database as can be: what little comes at a time would otherwise wait for
// more of them than it takes work.
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { Fault } from '../../shared/errors/policy.ts';
import {
  type DatabaseConnection,
  type DatabasePool,
  onConnection,
  sqlState,
} from '../../shared/postgres/connect.ts';
import { BEGIN, COMMIT, type PreparedStatement, together } from '../../shared/postgres/together.ts';
import { type Applied, type AppliedTopic, applyOutcomes, compareWithWritten, type Target } from './apply.ts';
import { type Homes, requireTurn } from './homes.ts';
import { lastOfKeys } from './last-of-keys.ts';
import type { LateKeys } from './late-keys.ts';
import { notifyFlagged } from './notify-flagged.ts';
import type { Arrival } from './refusals.ts';

export interface TransactionParts {
  readonly pool: DatabasePool;
  /** By topic, in the order in which they are written. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly homes: Homes;
  readonly lateKeys: LateKeys;
  readonly notifiesFlagged: boolean;
}

/** The outcomes of one topic. */
export interface TopicBatch {
  readonly target: Target;
  readonly arrivals: readonly Arrival[];
  /** What there is to apply, as far as can be told without the fence. */
  readonly events: readonly AnyEnrichedEvent[];
  /** What is written of their key is newer; undefined when nobody has looked. */
  readonly older: ReadonlySet<AnyEnrichedEvent> | undefined;
}

/** Always in the order of the targets, so that two writers wait for each other instead of deadlocking. */
export async function batchByTopic(
  arrivals: readonly Arrival[],
  { pool, targets, homes }: TransactionParts,
  looks: boolean,
): Promise<readonly TopicBatch[]> {
  const byTopic = Map.groupBy(arrivals, (arrival) => homes.topicOf(arrival));
  const batches: TopicBatch[] = [];
  for (const [topic, target] of targets) {
    const ofTopic = byTopic.get(topic);
    if (ofTopic === undefined) continue;
    const events = ofTopic.map(({ event }) => event);
    if (!looks && target.isPaired !== true) {
      batches.push({ target, arrivals: ofTopic, events, older: undefined });
      continue;
    }
    const { newer, older } = await compareWithWritten(pool, target, events);
    if (target.isPaired === true) await requireTurn(pool, target.tables);
    batches.push({ target, arrivals: ofTopic, events: newer, older });
  }
  return batches;
}

/** Whether there is anything to write of it. */
export function isToWrite({ target, arrivals, events, older }: TopicBatch, lateKeys: LateKeys): boolean {
  if (events.length > 0 || older === undefined) return true;
  return lateKeys.concerns(target.tables.enrichment, lastOfKeys(arrivals, older));
}

export interface Written {
  readonly applied: readonly AppliedTopic[];
  /** What does not depend on the rows: to have a connection and to commit. */
  readonly latencyMs: number;
}

/** `beside` goes with it. */
export async function writeInTransaction(
  batches: readonly TopicBatch[],
  { pool, lateKeys, notifiesFlagged }: TransactionParts,
  beside: readonly PreparedStatement[],
): Promise<Written> {
  const startedAtMs = performance.now();
  let workMs = 0;
  const applied = await onConnection(pool, async (client) => {
    const workStartedAtMs = performance.now();
    const each = await applyAll(client, batches, beside);
    for (const batch of batches) await noteLateKeys(client, batch, each, lateKeys);
    if (notifiesFlagged) await notifyFlagged(client, each);
    workMs = performance.now() - workStartedAtMs;
    await commit(client);
    return each;
  });
  return { applied, latencyMs: performance.now() - startedAtMs - workMs };
}

const PROGRAM_LIMIT = '54000';

/** What a statement says of a row, the commit says of the queue of notifications: it is full while somebody who listens stands still. */
async function commit(client: DatabaseConnection): Promise<void> {
  try {
    await together(client, [COMMIT]);
  } catch (error) {
    if (sqlState(error) !== PROGRAM_LIMIT) throw error;
    throw new Fault('unavailable', PROGRAM_LIMIT, 'the commit is over a limit of the server', {
      cause: error,
    });
  }
}

async function applyAll(
  client: DatabaseConnection,
  batches: readonly TopicBatch[],
  beside: readonly PreparedStatement[],
): Promise<readonly AppliedTopic[]> {
  const toApply = batches.filter(({ events }) => events.length > 0);
  if (toApply.length === 0) await together(client, [BEGIN, ...beside]);
  const applied: AppliedTopic[] = [];
  for (const { target, events } of toApply) {
    const result = await applyOutcomes(client, target, events, {
      ahead: applied.length === 0 ? [BEGIN] : [],
      behind: applied.length === toApply.length - 1 ? beside : [],
    });
    applied.push({ enrichment: target.tables.enrichment, result });
  }
  return applied;
}

export const appliedOf = ({ target }: TopicBatch, applied: readonly AppliedTopic[]): Applied =>
  applied.find(({ enrichment }) => enrichment === target.tables.enrichment)?.result ?? NOTHING;

const NOTHING: Applied = { written: [], superseded: 0 };

async function noteLateKeys(
  client: DatabaseConnection,
  batch: TopicBatch,
  applied: readonly AppliedTopic[],
  lateKeys: LateKeys,
): Promise<void> {
  const { target, arrivals } = batch;
  const last = lastOfKeys(arrivals, batch.older ?? (await olderThanWritten(client, batch, applied)));
  const { enrichment } = target.tables;
  if (lateKeys.concerns(enrichment, last)) await lateKeys.keep(client, enrichment, last);
}

/** Nothing is older than what is written where all of it was won. */
async function olderThanWritten(
  client: DatabaseConnection,
  batch: TopicBatch,
  applied: readonly AppliedTopic[],
): Promise<ReadonlySet<AnyEnrichedEvent>> {
  if (appliedOf(batch, applied).superseded === 0) return new Set();
  return (await compareWithWritten(client, batch.target, batch.events)).older;
}
