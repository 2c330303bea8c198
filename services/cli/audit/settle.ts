import { parseLsn } from '../../../shared/contracts/position.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { Passage } from '../../../shared/progress/passage.ts';
import { loadPosition } from '../../../shared/side-tables/positions.ts';
import type { KeyTexts } from '../../../shared/side-tables/redo-jobs.ts';
import { judge } from './judge.ts';
import { markQueued } from './queued.ts';
import { FactsReader, portionAfter, texts } from './read-facts.ts';
import { dropSuspects, keepSightings, type Sighting, suspectFacts } from './statements.ts';
import type { Subject } from './subject.ts';

const LOOK_INTERVAL_MS = 250;
const FIRST_PAGE_ROWS = 200;

export interface Settling {
  readonly client: Queryable;
  readonly kafka: KafkaSettings;
  readonly pipeline: string;
  /** On the clock of performance.now(). */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Looks at the suspects again and again, each time behind everything that was committed at the look before: what was on its
 * way is right by then, and what nobody touched although all of it passed is wrong. Ends when nothing is in doubt any more,
 * or at the deadline; an enrichment that stands still does not keep the others from it.
 */
export async function settle(settling: Settling, subjects: readonly Subject[]): Promise<void> {
  const { client, kafka, pipeline, deadlineMs, signal } = settling;
  let safe = 0n;
  await using passage = new Passage(kafka, pipeline, () => safe);
  let inDoubt: readonly Doubt[] = await lookAgain(client, subjects, 1);
  while (inDoubt.length > 0 && performance.now() < deadlineMs) {
    if (!(await pause(LOOK_INTERVAL_MS, signal))) return;
    safe = (await loadPosition(client, pipeline))?.lsn ?? 0n;
    const still: Doubt[] = [];
    for (const doubt of inDoubt) {
      const { subject, round, lsn } = doubt;
      const { table, enrichment } = subject;
      if (await passage.isWritten(String(round), lsn, table, enrichment)) {
        still.push(...(await lookAgain(client, [subject], round + 1)));
      } else still.push(doubt);
    }
    inDoubt = still;
  }
}

/** An enrichment with suspects that may still be on their way: everything committed before `lsn` is to pass first. */
interface Doubt {
  readonly subject: Subject;
  readonly round: number;
  readonly lsn: bigint;
}

async function lookAgain(
  client: Queryable,
  subjects: readonly Subject[],
  round: number,
): Promise<readonly Doubt[]> {
  const doubts: Doubt[] = [];
  for (const subject of subjects) {
    if ((await lookAt(client, subject)) > 0) doubts.push({ subject, round, lsn: await currentLsn(client) });
  }
  return doubts;
}

/** How many are in doubt afterwards: those that wait for a job that is paused are not, as long as it is. */
async function lookAt(client: Queryable, subject: Subject): Promise<number> {
  const reader = new FactsReader(subject);
  let after: KeyTexts | undefined;
  // Before the facts: what a job passes meanwhile counts as not reached yet, and is looked at twice more.
  let inDoubt = await markQueued(client, subject);
  for (let size = FIRST_PAGE_ROWS; ; ) {
    const tuples = await texts(client, suspectFacts(subject, after, size));
    if (tuples.length === 0) return inDoubt;
    const right: KeyTexts[] = [];
    const wrong: Sighting[] = [];
    for (const tuple of tuples) {
      const facts = reader.read(tuple);
      const verdict = judge(facts, subject.rules);
      const { key, seen } = facts;
      if (verdict.kind === 'right' || verdict.kind === 'outdated') right.push(key);
      else wrong.push({ key, seen, finding: verdict.kind, reason: verdict.reason });
      after = key;
    }
    if (right.length > 0) await texts(client, dropSuspects(subject, right));
    if (wrong.length > 0) inDoubt += (await texts(client, keepSightings(subject, wrong))).length;
    size = portionAfter(tuples);
  }
}

async function currentLsn(client: Queryable): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  return parseLsn(rows[0]?.lsn ?? '');
}
