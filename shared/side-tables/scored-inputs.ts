// What the results of rows were made from: a result that is judged anew has to be that of the same input, and of the same `now`.
import type { RowKey } from '../contracts/events.ts';
import { type Queryable, quoteIdentifier } from '../postgres/connect.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { keyColumn, stateTable } from './names.ts';
import type { Statement } from './statements.ts';

export interface ScoredInput {
  /** Of the change that it was scored for. */
  readonly epoch: number;
  /** What `now` was. */
  readonly asOf: string;
  /** Hexadecimal. */
  readonly inputHash: string;
}

/** Values: the key columns as text. One row per key, in order; null where the key has no result. */
export function scoredInputsStatement(tables: EnrichmentTables): Statement {
  const aliases = tables.keyColumns.map((_, index) => `k${index + 1}`);
  const same = tables.keyColumns.map(
    ({ name, type }, index) =>
      `state.${quoteIdentifier(keyColumn(name))} = wanted.${aliases[index]}::${type}`,
  );
  const text = `select to_char(state.as_of at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as as_of, state.epoch, encode(state.input_hash, 'hex') as input_hash
    from unnest(${aliases.map((_, index) => `$${index + 1}::text[]`).join(', ')}) with ordinality as wanted(${[...aliases, 'place'].join(', ')})
    left join ${stateTable(tables.enrichment)} as state on ${same.join(' and ')} and state.status = 'scored'
   order by wanted.place`;
  return { name: `scored_inputs_${tables.enrichment}`, text };
}

interface ScoredRow {
  readonly epoch: number | null;
  readonly as_of: string | null;
  readonly input_hash: string | null;
}

export async function readScoredInputs(
  client: Queryable,
  tables: EnrichmentTables,
  statement: Statement,
  keys: readonly RowKey[],
): Promise<readonly (ScoredInput | undefined)[]> {
  const { rows } = await client.query<ScoredRow>({
    ...statement,
    values: tables.keyColumns.map(({ name }) => keys.map((key) => String(key[name]))),
  });
  return rows.map(({ epoch, as_of, input_hash }) =>
    epoch === null || as_of === null || input_hash === null
      ? undefined
      : { epoch, asOf: as_of, inputHash: input_hash },
  );
}
