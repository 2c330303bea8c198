import { CDC_RETENTION_MS } from '../../shared/contracts/retention.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { type Queryable, quoteIdentifier } from '../../shared/postgres/connect.ts';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import { keyColumn, stateTable } from '../../shared/side-tables/names.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

/** A pass looks at every deletion that is remembered, and of the days that one is, a few hours more are nothing. */
const INTERVAL_MS = 21_600_000;
/** Looked at by one statement: few enough that none of them comes near its time, however many deletions are remembered. */
const ROWS_MAX = 10_000;
/** A change that was taken at the very end of its retention may still be under way at a model. */
const UNDER_WAY_MAX_MS = 86_400_000;

interface Portion {
  readonly forgotten: number;
  /** The last key that was looked at, as JSON of PostgreSQL's texts. */
  readonly last: string;
}

/** Takes deletions away that nothing late can meet any more, in the order of their keys, until `ended` aborts. Returns how many. */
export async function forgetDeleted(
  client: Queryable,
  tables: EnrichmentTables,
  rememberedMs = CDC_RETENTION_MS + UNDER_WAY_MAX_MS,
  rowsMax = ROWS_MAX,
  ended?: AbortSignal,
): Promise<number> {
  let forgotten = 0;
  let after: readonly string[] = [];
  while (ended?.aborted !== true) {
    const { rows } = await client.query<Portion>(portion(tables, after.length > 0), [
      rememberedMs,
      rowsMax,
      ...after,
    ]);
    const [looked] = rows;
    if (looked === undefined) return forgotten;
    forgotten += looked.forgotten;
    after = JSON.parse(looked.last) as readonly string[];
  }
  return forgotten;
}

/** Without waiting: what somebody writes at this moment is not old. */
function portion({ enrichment, keyColumns }: EnrichmentTables, goesOn: boolean): string {
  const table = stateTable(enrichment);
  const keys = keyColumns.map(({ name }) => quoteIdentifier(keyColumn(name)));
  const after = keyColumns.map(({ type }, place) => `$${place + 3}::text::${type}`);
  return `with looked as materialized (
      select ctid as place, updated_at, ${keys.join(', ')} from ${table}
       where deleted ${goesOn ? `and (${keys.join(', ')}) > (${after.join(', ')})` : ''}
       order by ${keys.join(', ')} limit $2
    ), forgotten as (
      delete from ${table} where ctid = any(array(
        select ctid from ${table}
         where deleted and ctid = any(array(
           select place from looked where updated_at < now() - $1::float8 * interval '1 millisecond'))
           for update skip locked))
      returning 1
    )
    select (select count(*) from forgotten)::int4 as forgotten,
           array_to_json(array[${keys.map((key) => `${key}::text`).join(', ')}])::text as last
      from looked order by ${keys.map((key) => `${key} desc`).join(', ')} limit 1`;
}

/** Now and then, until `ended` aborts; what fails is tried again then, and keeps no other enrichment from its turn. */
export async function keepForgetting(
  client: Queryable,
  targets: Iterable<{ readonly tables: EnrichmentTables }>,
  logger: Logger,
  ended: AbortSignal,
): Promise<void> {
  const all = [...targets];
  do {
    for (const { tables } of all) {
      try {
        await forgetDeleted(client, tables, undefined, undefined, ended);
      } catch (err) {
        if (!ended.aborted) logger.warn({ err, enrichment: tables.enrichment }, 'old deletions stay for now');
      }
    }
  } while (await pause(INTERVAL_MS, ended));
}
