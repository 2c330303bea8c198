// The SQL that finds keys which have a result and whose row is gone, portion by portion in the order of the key, so that no
// statement looks at more than a portion of the state tables however large they are.
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import type { EnrichmentTables, TypedColumn } from '../../../shared/side-tables/enrichment-tables.ts';
import {
  GAP_KEYS,
  keyColumn,
  qualifiedName,
  REDO_KEYS,
  stateTable,
} from '../../../shared/side-tables/names.ts';
import type { KeyTexts } from '../../../shared/side-tables/redo-jobs.ts';
import type { ChunkStatement } from './chunk-statements.ts';

export interface SweptTable {
  readonly source: TableName;
  /** Of one source, so all of them have the same key. */
  readonly states: readonly EnrichmentTables[];
  /** SQL over the key: only these rows can be gone; null: any. */
  readonly within: string | null;
}

/** The key that is `keysMax` behind `after` in one of the state tables, the first of them; no row: none has so many. */
export function stateKeyFurtherOn(
  { states }: SweptTable,
  after: KeyTexts | null,
  keysMax: number,
): ChunkStatement {
  const values: unknown[] = [keysMax - 1];
  const ends = states.map((state) => {
    const bound = after === null ? '' : ` where ${compared(state, '>', after, values)}`;
    return `(select ${names(state)} from ${stateTable(state.enrichment)}${bound} order by ${names(state)} offset $1::bigint limit 1)`;
  });
  const [first] = states;
  if (first === undefined) throw new RangeError('a sweep for nobody');
  return {
    text: `select * from (${ends.join(' union all ')}) as ends order by ${places(first.keyColumns)} limit 1`,
    values,
  };
}

/** Of the keys behind `after` and up to `last`, in order, those that have no row. */
export function orphans(
  { source, states, within }: SweptTable,
  after: KeyTexts | null,
  last: KeyTexts | undefined,
  rowsMax: number,
): ChunkStatement {
  const values: unknown[] = [rowsMax];
  const each = states.map((state) => {
    const bounds = [
      'not deleted',
      ...(after === null ? [] : [compared(state, '>', after, values)]),
      ...(last === undefined ? [] : [compared(state, '<=', last, values)]),
    ];
    const renamed = state.keyColumns.map(({ name }) => `${ours(name)} as ${quoteIdentifier(name)}`);
    const keys = state.keyColumns.map(({ name }) => `state.${quoteIdentifier(name)}`);
    const same = state.keyColumns.map(
      ({ name }) => `source.${quoteIdentifier(name)} = state.${quoteIdentifier(name)}`,
    );
    // On both sides, so that the planner need not look into partitions that cannot hold such a row.
    const bound = within === null ? '' : ` and (${within}\n)`;
    return `select ${keys.join(', ')} from (select ${renamed.join(', ')} from ${stateTable(state.enrichment)} where ${bounds.join(' and ')}) state
 where not exists (select from ${qualifiedName(source.schema, source.name)} source where ${same.join(' and ')}${bound})${bound}`;
  });
  const [first] = states;
  if (first === undefined) throw new RangeError('a sweep for nobody');
  return {
    text: `select * from (${each.join(' union ')}) as orphan order by ${places(first.keyColumns)} limit $1::bigint`,
    values,
  };
}

/** The key that is `keysMax` behind `after` among those that were collected for a gap; no row: there are fewer. */
export function collectedKeyFurtherOn(
  { enrichment }: EnrichmentTables,
  gap: string,
  after: KeyTexts | null,
  keysMax: number,
): ChunkStatement {
  return {
    text: `select to_json(key)::text from ${GAP_KEYS}
 where gap = $1 and enrichment = $2 and ($3::text[] is null or key > $3) order by key offset $4::bigint limit 1`,
    values: [gap, enrichment, after, keysMax - 1],
  };
}

/** Lists for a job the keys that were collected behind `after` and up to `last`, but for those that a sweep of the state table meets. */
export function listCollectedKeys(
  { enrichment, keyColumns }: EnrichmentTables,
  gap: string,
  job: string,
  after: KeyTexts | null,
  last: KeyTexts | undefined,
): ChunkStatement {
  const same = keyColumns.map(
    ({ name, type }, index) => `state.${ours(name)} = (found.key[${index + 1}])::${type}`,
  );
  return {
    text: `insert into ${REDO_KEYS} (job, place, key)
 select $1, row_number() over (), found.key from ${GAP_KEYS} found
  where gap = $2 and enrichment = $3 and ($4::text[] is null or key > $4) and ($5::text[] is null or key <= $5)
    and not exists (select from ${stateTable(enrichment)} state where not state.deleted and ${same.join(' and ')})`,
    values: [job, gap, enrichment, after, last ?? null],
  };
}

const ours = (name: string): string => quoteIdentifier(keyColumn(name));
const names = ({ keyColumns }: EnrichmentTables): string =>
  keyColumns.map(({ name }) => ours(name)).join(', ');
const places = (key: readonly TypedColumn[]): string => key.map((_, index) => index + 1).join(', ');

function compared(state: EnrichmentTables, operator: '>' | '<=', texts: KeyTexts, values: unknown[]): string {
  if (texts.length !== state.keyColumns.length) throw new RangeError('a key of another length');
  const casts = state.keyColumns.map(({ type }, index) => {
    values.push(texts[index]);
    return `$${values.length}::text::${type}`;
  });
  return `(${names(state)}) ${operator} (${casts.join(', ')})`;
}
