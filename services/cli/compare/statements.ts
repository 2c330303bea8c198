// The SQL of a comparison: results of an enrichment (`own`) beside those of its shadow (`other`), key by key.
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import {
  CHUNK_COLUMNS,
  type EnrichmentTables,
  type TypedColumn,
  VECTOR_COLUMN,
} from '../../../shared/side-tables/enrichment-tables.ts';
import { keyColumn, resultTable, stateTable } from '../../../shared/side-tables/names.ts';

export interface Pair {
  readonly own: EnrichmentTables;
  readonly other: EnrichmentTables;
}

/** An output of each that say the same thing. */
export interface PairedOutput {
  readonly name: string;
  readonly own: TypedColumn;
  readonly other: TypedColumn;
}

const FLOAT = 'double precision';

/** By their names; where none is shared, the first of each if both are numbers. */
export function pairedOutputs({ own, other }: Pair): readonly PairedOutput[] {
  if (own.chunked || other.chunked) return [];
  const shared = own.outputs.flatMap((column) => {
    const same = other.outputs.find(({ name, type }) => name === column.name && type === column.type);
    return same === undefined ? [] : [{ name: column.name, own: column, other: same }];
  });
  if (shared.length > 0) return shared;
  const [first] = own.outputs;
  const [second] = other.outputs;
  if (first?.type !== FLOAT || second?.type !== FLOAT) return [];
  return [{ name: `${first.name} and ${second.name}`, own: first, other: second }];
}

export const isNumber = ({ own }: PairedOutput): boolean => own.type === FLOAT;

const same = (tables: EnrichmentTables, column: (name: string) => string): string =>
  tables.keyColumns
    .map(({ name }) => `own.${quoteIdentifier(column(name))} = other.${quoteIdentifier(column(name))}`)
    .join(' and ');
const plain = (name: string): string => name;

const states = ({ own, other }: Pair, join: 'join' | 'full join'): string =>
  `(select * from ${stateTable(own.enrichment)} where not deleted) as own
  ${join} (select * from ${stateTable(other.enrichment)} where not deleted) as other on ${same(own, keyColumn)}`;
const results = ({ own, other }: Pair): string =>
  `${resultTable(own.enrichment)} as own join ${resultTable(other.enrichment)} as other on ${same(own, plain)}`;

/** Rows: both statuses, null where there is none, and how many rows have them. */
export const statusCounts = (pair: Pair): string =>
  `select own.status as own, other.status as other, count(*)::text as rows from ${states(pair, 'full join')} group by 1, 2 order by count(*) desc, 1, 2`;

export const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95];

/** One row: how far two numbers are apart, and the distribution of each. */
export function numberComparison(pair: Pair, { own, other }: PairedOutput): string {
  const [a, b] = [`own.${quoteIdentifier(own.name)}`, `other.${quoteIdentifier(other.name)}`];
  const quantiles = (value: string): string =>
    `to_json(percentile_cont(array[${QUANTILES.join(', ')}]) within group (order by ${value}))::text`;
  return `select count(*)::text as rows, avg(abs(${a} - ${b}))::text as mean, max(abs(${a} - ${b}))::text as most,
  corr(${a}, ${b})::text as correlation, ${quantiles(a)} as own, ${quantiles(b)} as other from ${results(pair)}`;
}

const DIFFERENCES_MAX = 10;

/** Rows: two values that differ, or null for all that are equal, and how many rows have them. */
export function valueComparison(pair: Pair, ownColumn: string, otherColumn: string): string {
  const [a, b] = [`own.${quoteIdentifier(ownColumn)}::text`, `other.${quoteIdentifier(otherColumn)}::text`];
  return `select is_equal, case when not is_equal then own end as own, case when not is_equal then other end as other, sum(rows)::text as rows
  from (select ${a} is not distinct from ${b} as is_equal, ${a} as own, ${b} as other, count(*) as rows from ${results(pair)} group by 1, 2, 3) as values
 group by 1, 2, 3 order by is_equal desc, sum(rows) desc limit ${DIFFERENCES_MAX + 1}`;
}

/** One row: what the results that both have did cost. */
export const costs = (pair: Pair): string =>
  `select count(*)::text as rows, coalesce(sum(own.cost_nano_usd), 0)::text as own, coalesce(sum(other.cost_nano_usd), 0)::text as other
  from ${pair.own.chunked ? chunkResults(pair) : results(pair)}`;

/** Every chunk has the cost of its row. */
const chunkResults = ({ own, other }: Pair): string =>
  `(select * from ${resultTable(own.enrichment)} where ${CHUNK} = 0) as own
  join (select * from ${resultTable(other.enrichment)} where ${CHUNK} = 0) as other on ${same(own, plain)}`;

const CHANGES_MAX = 10_000;

/** One row: from the commit to the written result, of the newest changes that both have answered. */
export const latencies = (pair: Pair): string => {
  const ms = (side: string): string =>
    `to_json(percentile_cont(array[0.5, 0.99]) within group (order by ${side}_ms))::text as ${side}`;
  return `select count(*)::text as changes, ${ms('own')}, ${ms('other')} from (
  select extract(epoch from own.updated_at - own.committed_at) * 1000 as own_ms, extract(epoch from other.updated_at - other.committed_at) * 1000 as other_ms
    from ${states(pair, 'join')}
   where (own.epoch, own.commit_lsn, own.event_index) = (other.epoch, other.commit_lsn, other.event_index)
   order by own.commit_lsn desc limit ${CHANGES_MAX}) as changes`;
};

const CHUNK = quoteIdentifier(CHUNK_COLUMNS[0]?.name ?? '');
const VECTOR = quoteIdentifier(VECTOR_COLUMN);

/** Keys that both have a vector of, some of them, in an order of chance that is the same each time. Values: how many. */
export const sampledKeys = (pair: Pair): string =>
  `select ${keyText('own', pair.own)} as key from ${chunkResults(pair)} order by md5(${keyText('own', pair.own)}::text) limit $1::bigint`;

const keyText = (side: string, { keyColumns }: EnrichmentTables): string =>
  `to_json(array[${keyColumns.map(({ name }) => `${side}.${quoteIdentifier(name)}::text`).join(', ')}])::text`;

/** The rows whose texts begin most alike. Values: how many, then the key as text. */
export function nearestKeys(tables: EnrichmentTables): string {
  const [vector] = tables.outputs;
  const schema = vector?.type.replace(/\.halfvec\(\d+\)$/, '') ?? '';
  const key = tables.keyColumns.map(
    ({ name, type }, index) => `wanted.${quoteIdentifier(name)} = $${index + 2}::text::${type}`,
  );
  const table = resultTable(tables.enrichment);
  // One more than wanted, since it finds itself; and only the beginnings of texts, as the sample has them.
  return `select ${keyText('near', tables)} as key from ${table} as near
 where near.${CHUNK} = 0
 order by near.${VECTOR} operator(${schema}.<=>) (select ${VECTOR} from ${table} as wanted where ${key.join(' and ')} and wanted.${CHUNK} = 0)
 limit $1::bigint + 1`;
}
