import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import type { RowKey } from '../../shared/contracts/events.ts';
import { comparePositions } from '../../shared/contracts/position.ts';
import type { DatabaseConnection, Queryable } from '../../shared/postgres/connect.ts';
import { PATIENT, withoutTimeouts } from '../../shared/postgres/long-statements.ts';
import { type Answer, type PreparedStatement, together } from '../../shared/postgres/together.ts';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import {
  fenceParameters,
  keyParameters,
  type Outcome,
  resultParameters,
  type Scored,
  stateParameters,
} from '../../shared/side-tables/parameters.ts';
import type { Statement, WriterStatements } from '../../shared/side-tables/statements.ts';
import { CutOver } from './homes.ts';

export interface Target {
  readonly tables: EnrichmentTables;
  readonly statements: WriterStatements;
  /** There is a shadow that it may change places with. */
  readonly isPaired?: boolean;
}

export interface Applied {
  /** Outcomes that are now the state of their key. */
  readonly written: readonly Outcome[];
  /** Older than what was there, or repeated. */
  readonly superseded: number;
}

export interface AppliedTopic {
  readonly enrichment: string;
  readonly result: Applied;
}

type Truncated = Extract<AnyEnrichedEvent, { status: 'truncated' }>;

export interface Compared {
  /** What there is to apply; of it the fence decides. */
  readonly newer: readonly AnyEnrichedEvent[];
  /** What is written of their key is newer. What was written itself is in neither. */
  readonly older: ReadonlySet<AnyEnrichedEvent>;
}

/**
 * Compares with what is written, by keys and positions alone: outcomes that were written before cost this one statement. It
 * needs no transaction, since what is not newer now never will be.
 */
export async function compareWithWritten(
  client: Queryable,
  { tables, statements }: Target,
  events: readonly AnyEnrichedEvent[],
): Promise<Compared> {
  const truncates = events.filter((event) => event.status === 'truncated');
  const outcomes = events.filter((event) => event.status !== 'truncated');
  if (outcomes.length === 0) return { newer: truncates, older: new Set() };
  const { rows } = await client.query<{ place: number; is_older: boolean }>({
    ...statements.checkPositions,
    values: [...fenceParameters(tables, outcomes)],
  });
  const which = (isOlder: boolean): readonly Outcome[] =>
    rows.filter((row) => row.is_older === isOlder).flatMap(({ place }) => outcomes[place - 1] ?? []);
  return { newer: [...truncates, ...which(false)], older: new Set(which(true)) };
}

/** What else the same transaction does, without a trip of its own. */
export interface Companions {
  readonly ahead?: readonly PreparedStatement[];
  readonly behind?: readonly PreparedStatement[];
}

/**
 * Applies outcomes of one enrichment inside the caller's transaction. Only the state table is fenced: result rows follow
 * for exactly the keys whose state was won, so that nothing late can bring an old result back.
 */
export async function applyOutcomes(
  client: DatabaseConnection,
  { tables, statements }: Target,
  events: readonly AnyEnrichedEvent[],
  { ahead = [], behind = [] }: Companions = {},
): Promise<Applied> {
  const truncates = events.filter((event) => event.status === 'truncated');
  const outcomes = events.filter((event) => event.status !== 'truncated');
  const upserts =
    outcomes.length === 0 ? [] : [{ ...statements.upsertState, values: stateParameters(tables, outcomes) }];
  const [upserted] = await underFence(client, statements, truncates, { ahead, behind: upserts });
  const written = upserted === undefined ? [] : placed(upserted, outcomes);
  await together(client, [...resultStatements({ tables, statements }, written), ...behind]);
  return { written, superseded: outcomes.length - written.length };
}

/** What is done with the result rows of the keys that were won. */
function resultStatements(
  { tables, statements }: Target,
  written: readonly Outcome[],
): readonly PreparedStatement[] {
  const scored = written.filter((outcome): outcome is Scored => outcome.status === 'scored');
  // Chunks that are new, too, take the place of whatever chunks there were; a repeated outcome may find its own.
  const clearedKeys = written
    .filter((outcome) => outcome.status !== 'scored' || (tables.chunked && !outcome.cached))
    .map(({ key }) => key);
  const { deleteResults, deleteChangedChunks, upsertResults, upsertRepeated } = statements;
  const repeated = scored.filter(({ cached }) => cached);
  const sent = upsertRepeated === undefined ? scored : scored.filter(({ cached }) => !cached);
  const withResults = (statement: Statement | undefined, outcomes: readonly Scored[]) =>
    statement === undefined || outcomes.length === 0
      ? []
      : [{ ...statement, values: resultParameters(tables, outcomes) }];
  return [
    ...(clearedKeys.length > 0 ? [{ ...deleteResults, values: keyParameters(tables, clearedKeys) }] : []),
    ...withResults(deleteChangedChunks, repeated),
    ...withResults(upsertResults, sent),
    ...withResults(upsertRepeated, repeated),
  ];
}

/**
 * Holds the truncate fence until the end of the transaction; a newer truncate raises it and clears what is older. Answers for
 * what comes behind.
 */
async function underFence(
  client: DatabaseConnection,
  statements: WriterStatements,
  truncates: readonly Truncated[],
  { ahead = [], behind = [] }: Companions,
): Promise<readonly Answer[]> {
  const newest = truncates.toSorted((a, b) => comparePositions(b.source, a.source))[0];
  if (newest === undefined) return await lockFence(client, statements, { ahead, behind });
  await together(client, ahead);
  if (!(await raiseFence(client, statements, newest))) return await lockFence(client, statements, { behind });
  return await together(client, behind);
}

async function lockFence(
  client: DatabaseConnection,
  statements: WriterStatements,
  { ahead = [], behind = [] }: Companions,
): Promise<readonly Answer[]> {
  const answers = await together(client, [...ahead, statements.lockFence, ...behind]);
  // What was written behind it is undone with the transaction.
  if (answers[ahead.length]?.rowCount === 0) throw new CutOver();
  return answers.slice(ahead.length + 1);
}

/** False when it was not newer: then nothing is locked either. */
async function raiseFence(
  client: DatabaseConnection,
  statements: WriterStatements,
  { source: { epoch, commit_lsn, event_index } }: Truncated,
): Promise<boolean> {
  const position = [epoch, commit_lsn, event_index];
  const raised = await client.query({ ...statements.raiseFence, values: position });
  if (raised.rowCount === 0) return false;
  // A table is emptied as a whole, or readers would see a part of it.
  await withoutTimeouts(client, async () => {
    await client.query({ ...statements.markTruncated, ...PATIENT, values: position });
    await client.query({ ...statements.deleteTruncatedResults, ...PATIENT });
  });
  return true;
}

/** A tombstone whose deletion was compacted away. Whether the key was there. */
export async function buryKey(
  client: DatabaseConnection,
  { tables, statements }: Target,
  key: RowKey,
): Promise<boolean> {
  const values = keyParameters(tables, [key]);
  const [buried] = await lockFence(client, statements, { behind: [{ ...statements.bury, values }] });
  if (buried?.rowCount === 0) return false;
  await together(client, [{ ...statements.deleteResults, values }]);
  return true;
}

/** The outcomes that it names by their places, counted from 1. */
function placed({ rows }: Answer, outcomes: readonly Outcome[]): readonly Outcome[] {
  return rows.flatMap(([place]) => outcomes[Number(place) - 1] ?? []);
}
