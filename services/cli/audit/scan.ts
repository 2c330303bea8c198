import type { Queryable } from '../../../shared/postgres/connect.ts';
import { stateTable } from '../../../shared/side-tables/names.ts';
import type { KeyTexts } from '../../../shared/side-tables/redo-jobs.ts';
import { judge } from './judge.ts';
import { FactsReader, portions, texts } from './read-facts.ts';
import {
  type AuditStatement,
  addSuspects,
  CURSOR,
  declareRows,
  endOfSourceStretch,
  endOfStretch,
  KEY_PLACES,
  type Stretch,
  suspectOrphans,
} from './statements.ts';
import type { Subject } from './subject.ts';

/** Rows that share one snapshot: enough that its making costs nothing, few enough that no vacuum is held back for long. */
const STRETCH_ROWS = 50_000;

export interface Scanned {
  readonly rows: number;
  readonly outdated: number;
}

export interface ScanOptions {
  /** Only rows that transactions newer than this one wrote. */
  readonly sinceXid: string | undefined;
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
  readonly stretchRows?: number;
}

/** Looks at every row once, and notes what seems wrong: much of it is only on its way. */
export async function scan(client: Queryable, subject: Subject, options: ScanOptions): Promise<Scanned> {
  const { stretchRows = STRETCH_ROWS, signal } = options;
  const total = { rows: 0, outdated: 0 };
  const ends = (after: KeyTexts | undefined): AuditStatement =>
    endOfSourceStretch(subject, after, stretchRows);
  for await (const stretch of stretches(client, ends, signal)) {
    const { rows, outdated } = await scanRows(client, subject, stretch, options, total.rows);
    total.rows += rows;
    total.outdated += outdated;
    await client.query('commit');
  }
  for (const kind of KEY_PLACES) {
    const endsOfPlace = (after: KeyTexts | undefined): AuditStatement =>
      endOfStretch(subject, kind, after, stretchRows);
    for await (const stretch of stretches(client, endsOfPlace, signal)) {
      await texts(client, suspectOrphans(subject, kind, stretch));
      await client.query('commit');
    }
  }
  return total;
}

/** One after the other, each with a snapshot of its own, which whoever takes it ends. */
async function* stretches(
  client: Queryable,
  ends: (after: KeyTexts | undefined) => AuditStatement,
  signal: AbortSignal,
): AsyncGenerator<Stretch> {
  let after: KeyTexts | undefined;
  do {
    signal.throwIfAborted();
    await client.query('begin isolation level repeatable read read only');
    const [end] = await texts(client, ends(after));
    const last = end?.map((text) => text ?? '');
    yield { after, last };
    after = last;
  } while (after !== undefined);
}

async function scanRows(
  client: Queryable,
  subject: Subject,
  stretch: Stretch,
  { sinceXid, onRows, signal }: ScanOptions,
  rowsBefore: number,
): Promise<Scanned> {
  const reader = new FactsReader(subject);
  await texts(client, declareRows(subject, stretch, sinceXid));
  let rows = 0;
  let outdated = 0;
  const suspects: KeyTexts[] = [];
  for await (const portion of portions(client)) {
    signal.throwIfAborted();
    for (const tuple of portion) {
      const facts = reader.read(tuple);
      const { kind } = judge(facts, subject.rules);
      if (kind === 'outdated') outdated++;
      else if (kind !== 'right') suspects.push(facts.key);
    }
    rows += portion.length;
    onRows(rowsBefore + rows);
  }
  await client.query(`close ${CURSOR}`);
  if (suspects.length > 0) await texts(client, addSuspects(subject, suspects));
  return { rows, outdated };
}

/** The writer's clock is the transaction's begin: one that began a little earlier may have a number that is a little newer. */
const CLOCK_MARGIN_MS = 60_000;

/** By what to tell which rows are newer, or why nothing tells it. */
export type Since = { readonly xid: string } | { readonly unknown: 'none_older' | 'rewritten' };

/**
 * A transaction that wrote before `sinceMs` ago: everything that began since has a newer number. All rows that one transaction
 * of the writer wrote are of one time; one that wrote the table anew, as a changed type, a restore or a repacking does, gives
 * all rows its own number and leaves them their times.
 */
export async function xidSince(client: Queryable, { enrichment }: Subject, sinceMs: number): Promise<Since> {
  const { rows } = await client.query<{ xid: string; rewritten: boolean }>(
    `with reference as (
       select xmin as xid, updated_at from ${stateTable(enrichment)} as state
        where updated_at < now() - make_interval(secs => $1) and age(xmin) >= 0 order by updated_at desc limit 1
     ) select xid::text, exists (select from ${stateTable(enrichment)} as other
         where other.xmin = reference.xid and other.updated_at <> reference.updated_at) as rewritten from reference`,
    [(sinceMs + CLOCK_MARGIN_MS) / 1_000],
  );
  const [reference] = rows;
  if (reference === undefined) return { unknown: 'none_older' };
  return reference.rewritten ? { unknown: 'rewritten' } : { xid: reference.xid };
}
