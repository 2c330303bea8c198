// Keys that a topic has a result of and the source has no row of, while they are collected for a repair.
import type { RowKey } from '../contracts/events.ts';
import { type Queryable, quoteIdentifier } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import type { EnrichmentTables } from './enrichment-tables.ts';
import { GAP_KEYS, qualifiedName } from './names.ts';
import { keyParameters } from './parameters.ts';

export interface KeyPlace {
  readonly gap: string;
  readonly tables: EnrichmentTables;
  readonly partition: number;
}

/** Of one statement, so that none lasts. */
const FORGOTTEN_KEYS_MAX = 10_000;
const FORGET = `
  delete from ${GAP_KEYS} where ctid = any(array(select ctid from ${GAP_KEYS} where gap = $1 limit ${FORGOTTEN_KEYS_MAX}))`;

export async function forgetGapKeys(client: Queryable, gap: string): Promise<void> {
  while ((await client.query(FORGET, [gap])).rowCount === FORGOTTEN_KEYS_MAX);
}

export async function forgetPartitionKeys(
  client: Queryable,
  { gap, tables, partition }: KeyPlace,
): Promise<void> {
  await client.query(`delete from ${GAP_KEYS} where gap = $1 and enrichment = $2 and partition = $3`, [
    gap,
    tables.enrichment,
    partition,
  ]);
}

/** Of these keys those that the source has no row of. */
export async function addKeysWithoutRow(
  client: Queryable,
  { gap, tables, partition }: KeyPlace,
  source: TableName,
  keys: readonly RowKey[],
): Promise<void> {
  const same = tables.keyColumns
    .map(({ name }) => `source.${quoteIdentifier(name)} = given.${quoteIdentifier(name)}`)
    .join(' and ');
  await client.query(
    `insert into ${GAP_KEYS} (gap, enrichment, partition, key)
     select $1, $2, $3, ${asTexts(tables)} from ${given(tables, 4)}
      where not exists (select from ${qualifiedName(source.schema, source.name)} source where ${same})
     on conflict (gap, enrichment, key) do nothing`,
    [gap, tables.enrichment, partition, ...keyParameters(tables, keys)],
  );
}

export async function removeKeys(
  client: Queryable,
  { gap, tables }: KeyPlace,
  keys: readonly RowKey[],
): Promise<void> {
  await client.query(
    `delete from ${GAP_KEYS} gone using (select ${asTexts(tables)} as key from ${given(tables, 3)}) as dead
      where gone.gap = $1 and gone.enrichment = $2 and gone.key = dead.key`,
    [gap, tables.enrichment, ...keyParameters(tables, keys)],
  );
}

const asTexts = ({ keyColumns }: EnrichmentTables): string =>
  `array[${keyColumns.map(({ name }) => `given.${quoteIdentifier(name)}::text`).join(', ')}]`;

/** The keys in their own types, so that two texts of one value are one key. */
function given({ keyColumns }: EnrichmentTables, firstParameter: number): string {
  const arrays = keyColumns.map((_, index) => `$${firstParameter + index}::text[]`);
  const names = keyColumns.map((_, index) => `value_${index}`);
  const typed = keyColumns.map(
    ({ name, type }, index) => `value_${index}::${type} as ${quoteIdentifier(name)}`,
  );
  return `(select ${typed.join(', ')} from unnest(${arrays.join(', ')}) as texts(${names.join(', ')})) as given`;
}
