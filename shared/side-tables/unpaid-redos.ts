// Rows that were read again, found no money and kept their result: which of them are to be read once more, and how many passed.
import type { RowKey } from '../contracts/events.ts';
import type { Queryable } from '../postgres/connect.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import type { Account } from './ledger.ts';
import { LEDGER, UNPAID_REDOS } from './names.ts';

export interface UnpaidRow {
  readonly key: RowKey;
  /** Otherwise it is only counted. */
  readonly isToBeRedone: boolean;
}

const NOTE = {
  name: 'note_unpaid_redos',
  text: `with noted as (
    insert into ${UNPAID_REDOS} (enrichment, key)
    select distinct $2, array(select json_array_elements_text(key)) as texts from json_array_elements($4::json) as listed(key)
     order by texts
    on conflict (enrichment, key) do update set job = null
  )
  insert into ${LEDGER} as kept (day, purse, enrichment, table_name, unpaid_rows)
  values ((clock_timestamp() at time zone 'UTC')::date, $1, $2, $3, $5)
  on conflict (day, purse, enrichment, table_name) do update set unpaid_rows = kept.unpaid_rows + excluded.unpaid_rows`,
};

export async function noteUnpaid(
  client: Queryable,
  { keyColumns }: EnrichmentTables,
  { purse, enrichment, table }: Account,
  rows: readonly UnpaidRow[],
): Promise<void> {
  const keys = rows
    .filter(({ isToBeRedone }) => isToBeRedone)
    .map(({ key }) => keyColumns.map(({ name }) => String(key[name])));
  await client.query({
    ...NOTE,
    values: [purse, enrichment, table, JSON.stringify(keys), rows.length],
  });
}

/** By enrichment: changes addressed to it that have no outcome for this reason, ever. Repeated ones count again. */
export async function countUnpaid(client: Queryable): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ enrichment: string; count: string }>(
    `select enrichment, sum(unpaid_rows)::text as count from ${LEDGER} where unpaid_rows > 0 group by 1`,
  );
  return new Map(rows.map(({ enrichment, count }) => [enrichment, Number(count)]));
}
