import type { Queryable } from '../../../shared/postgres/connect.ts';
import {
  costs,
  isNumber,
  latencies,
  nearestKeys,
  numberComparison,
  type Pair,
  pairedOutputs,
  sampledKeys,
  statusCounts,
  valueComparison,
} from './statements.ts';

/** Of the enrichment that counts, and of its shadow. */
export interface Both<Value> {
  readonly own: Value;
  readonly other: Value;
}

export interface StatusCount extends Both<string | null> {
  readonly rows: number;
}

export interface NumberComparison {
  readonly output: string;
  readonly rows: number;
  readonly meanDifference: number;
  readonly mostDifference: number;
  /** undefined: one of them is always the same. */
  readonly correlation: number | undefined;
  readonly quantiles: Both<readonly number[]>;
}

/** What one says where the other says something else. */
export interface Difference extends Both<string | null> {
  readonly rows: number;
}

export interface ValueComparison {
  readonly output: string;
  readonly alike: number;
  /** The most frequent first. */
  readonly differences: readonly Difference[];
}

export interface NeighbourComparison {
  readonly texts: number;
  readonly neighbours: number;
  /** Share of the nearest that both find, on average. */
  readonly overlap: number;
}

export interface Comparison {
  readonly enrichment: string;
  readonly shadow: string;
  readonly statuses: readonly StatusCount[];
  readonly numbers: readonly NumberComparison[];
  readonly values: readonly ValueComparison[];
  readonly neighbours: NeighbourComparison | undefined;
  readonly cost: { readonly rows: number; readonly nanoUsd: Both<number> };
  readonly latency: {
    readonly changes: number;
    readonly ms: Both<{ readonly p50: number; readonly p99: number }>;
  };
}

const SAMPLE_MAX = 100;
const NEIGHBOURS = 10;

/** All of it in one snapshot: the caller's transaction. */
export async function readComparison(client: Queryable, pair: Pair): Promise<Comparison> {
  const outputs = pairedOutputs(pair);
  const numbers: NumberComparison[] = [];
  const values: ValueComparison[] = [];
  for (const output of outputs) {
    if (isNumber(output)) {
      numbers.push(await readNumbers(client, output.name, numberComparison(pair, output)));
    } else {
      const statement = valueComparison(pair, output.own.name, output.other.name);
      values.push(await readValues(client, output.name, statement));
    }
  }
  const isChunked = pair.own.chunked && pair.other.chunked;
  if (!pair.own.chunked && !pair.other.chunked) {
    for (const column of ['flagged', 'decision']) {
      values.push(await readValues(client, column, valueComparison(pair, column, column)));
    }
  }
  return {
    enrichment: pair.own.enrichment,
    shadow: pair.other.enrichment,
    statuses: await readStatuses(client, pair),
    numbers,
    values,
    neighbours: isChunked ? await readNeighbours(client, pair) : undefined,
    cost: await readCosts(client, pair),
    latency: await readLatencies(client, pair),
  };
}

async function readStatuses(client: Queryable, pair: Pair): Promise<readonly StatusCount[]> {
  const { rows } = await client.query<{ own: string | null; other: string | null; rows: string }>(
    statusCounts(pair),
  );
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }));
}

interface NumberRow {
  readonly rows: string;
  readonly mean: string | null;
  readonly most: string | null;
  readonly correlation: string | null;
  readonly own: string | null;
  readonly other: string | null;
}

async function readNumbers(client: Queryable, output: string, statement: string): Promise<NumberComparison> {
  const { rows } = await client.query<NumberRow>(statement);
  const [row] = rows;
  return {
    output,
    rows: Number(row?.rows ?? 0),
    meanDifference: Number(row?.mean ?? 0),
    mostDifference: Number(row?.most ?? 0),
    correlation: row?.correlation == null ? undefined : Number(row.correlation),
    quantiles: { own: listOf(row?.own), other: listOf(row?.other) },
  };
}

const listOf = (json: string | null | undefined): readonly number[] =>
  json == null ? [] : (JSON.parse(json) as readonly number[]);

async function readValues(client: Queryable, output: string, statement: string): Promise<ValueComparison> {
  const { rows } = await client.query<Both<string | null> & { is_equal: boolean; rows: string }>(statement);
  const differences = rows
    .filter(({ is_equal }) => !is_equal)
    .map(({ own, other, rows: count }) => ({ own, other, rows: Number(count) }));
  return { output, alike: Number(rows.find(({ is_equal }) => is_equal)?.rows ?? 0), differences };
}

async function readCosts(client: Queryable, pair: Pair): Promise<Comparison['cost']> {
  const { rows } = await client.query<{ rows: string; own: string; other: string }>(costs(pair));
  const [row] = rows;
  return {
    rows: Number(row?.rows ?? 0),
    nanoUsd: { own: Number(row?.own ?? 0), other: Number(row?.other ?? 0) },
  };
}

async function readLatencies(client: Queryable, pair: Pair): Promise<Comparison['latency']> {
  const { rows } = await client.query<{ changes: string; own: string | null; other: string | null }>(
    latencies(pair),
  );
  const [row] = rows;
  const of = (json: string | null | undefined): { readonly p50: number; readonly p99: number } => {
    const [p50 = 0, p99 = 0] = listOf(json);
    return { p50, p99 };
  };
  return { changes: Number(row?.changes ?? 0), ms: { own: of(row?.own), other: of(row?.other) } };
}

async function readNeighbours(client: Queryable, pair: Pair): Promise<NeighbourComparison> {
  const { rows } = await client.query<{ key: string }>(sampledKeys(pair), [SAMPLE_MAX]);
  let sum = 0;
  let neighbours = NEIGHBOURS;
  for (const { key } of rows) {
    const own = await nearestOf(client, nearestKeys(pair.own), key);
    const other = await nearestOf(client, nearestKeys(pair.other), key);
    const shared = own.filter((each) => other.includes(each)).length;
    neighbours = Math.min(neighbours, Math.max(own.length, other.length));
    sum += shared / Math.max(1, own.length, other.length);
  }
  return { texts: rows.length, neighbours, overlap: rows.length === 0 ? 0 : sum / rows.length };
}

async function nearestOf(client: Queryable, statement: string, key: string): Promise<readonly string[]> {
  const texts = JSON.parse(key) as readonly string[];
  const { rows } = await client.query<{ key: string }>(statement, [NEIGHBOURS, ...texts]);
  return rows
    .map((row) => row.key)
    .filter((each) => each !== key)
    .slice(0, NEIGHBOURS);
}
