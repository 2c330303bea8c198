// Outcomes of the enriched topics as the arrays that the writer's statements take.
import { isEmbedding } from '../contracts/enriched-guard.ts';
import type { EnrichedEvent, RowKey } from '../contracts/events.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { vectorText } from './vector-text.ts';

type AnyEvent = EnrichedEvent<Readonly<Record<string, unknown>>>;
export type Outcome = Exclude<AnyEvent, { status: 'truncated' }>;
export type Scored = Extract<AnyEvent, { status: 'scored' }>;

type Values = readonly (readonly unknown[])[];

/** For deleteResults. */
export function keyParameters(tables: EnrichmentTables, keys: readonly RowKey[]): Values {
  return tables.keyColumns.map(({ name }) => keys.map((key) => keyText(key, name)));
}

/** For checkPositions. */
export function fenceParameters(tables: EnrichmentTables, outcomes: readonly Outcome[]): Values {
  return [
    ...keyParameters(
      tables,
      outcomes.map(({ key }) => key),
    ),
    outcomes.map(({ source }) => source.epoch),
    outcomes.map(({ source }) => source.commit_lsn),
    outcomes.map(({ source }) => source.event_index),
    outcomes.map(({ revision }) => revision),
    outcomes.map(({ status }) => status),
  ];
}

/** For upsertState; the columns of STATE_COLUMNS in their order. */
export function stateParameters(tables: EnrichmentTables, outcomes: readonly Outcome[]): Values {
  const failure = outcomes.map((outcome) => (outcome.status === 'failed' ? outcome.error : undefined));
  return [
    ...fenceParameters(tables, outcomes),
    outcomes.map(reasonOf),
    outcomes.map(({ input_hash }) => input_hash),
    outcomes.map(({ as_of }) => as_of),
    outcomes.map(({ source }) => source.committed_at),
    failure.map((error) => error?.kind ?? null),
    failure.map((error) => error?.code ?? null),
    failure.map((error) => error?.message ?? null),
    outcomes.map((outcome) => (outcome.status === 'failed' ? outcome.dead_letter_id : null)),
  ];
}

/** For upsertResults, upsertRepeated and deleteChangedChunks: one element per row of the result table, so several per outcome of a chunked kind. */
export function resultParameters(tables: EnrichmentTables, outcomes: readonly Scored[]): Values {
  if (tables.chunked) return chunkParameters(tables, outcomes);
  return [
    ...keyParameters(
      tables,
      outcomes.map(({ key }) => key),
    ),
    ...tables.outputs.map(({ name }) => outcomes.map(({ result }) => result[name] ?? null)),
    ...besideParameters(outcomes),
  ];
}

function chunkParameters(tables: EnrichmentTables, outcomes: readonly Scored[]): Values {
  const rows = outcomes.flatMap((outcome) =>
    chunksOf(outcome).map((chunk, number) => ({ outcome, chunk, number })),
  );
  return [
    ...keyParameters(
      tables,
      rows.map(({ outcome }) => outcome.key),
    ),
    rows.map(({ number }) => number),
    rows.map(({ chunk }) => chunk.start),
    rows.map(({ chunk }) => chunk.end),
    rows.map(({ chunk }) => chunk.tokens),
    rows.map(({ chunk }) => vectorText(chunk.vector_f32le_base64)),
    ...besideParameters(rows.map(({ outcome }) => outcome)),
  ];
}

function chunksOf({ result }: Scored) {
  // Without a single one its key would be in no parameter, and the older chunks would stay.
  if (!isEmbedding(result) || result.chunks.length === 0) throw new RangeError('the result has no vectors');
  return result.chunks;
}

/** The columns of RESULT_COLUMNS in their order. */
function besideParameters(outcomes: readonly Scored[]): Values {
  return [
    outcomes.map(({ flagged }) => flagged ?? null),
    outcomes.map(({ decision }) => decision?.action ?? null),
    outcomes.map(({ decision }) => decision?.rule ?? null),
    outcomes.map(({ decision }) => decision?.policy_version ?? null),
    outcomes.map(({ enriched_at }) => enriched_at),
    outcomes.map(({ cost_nano_usd }) => cost_nano_usd),
  ];
}

function reasonOf(outcome: Outcome): string | null {
  if (outcome.status === 'skipped') return outcome.reason;
  if (outcome.status === 'over_budget') return outcome.limit;
  return outcome.status === 'deleted' ? outcome.cause : null;
}

function keyText(key: RowKey, column: string): string {
  const value = key[column];
  // A key without its column would otherwise reach the database as NULL and pass as another row.
  if (value === undefined) throw new RangeError(`the key has no column ${JSON.stringify(column)}`);
  return String(value);
}
