// The demo's tables: made once, marked as ours, and never mistaken for somebody's own.
import { readFile } from 'node:fs/promises';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type DatabaseClient, type Queryable, quoteLiteral } from '../../../shared/postgres/connect.ts';
import { history } from './history.ts';
import { RowIds } from './row-ids.ts';
import { perform } from './statements.ts';

export const DEMO_TABLES = ['customers', 'transactions', 'reviews'] as const;
const DEMO_TYPES = ['merchant_category', 'transaction_kind', 'transaction_status', 'customer_plan'] as const;
/**
 * The mark hangs on each primary key and type as a comment: it goes when they go, stays when `init --remove` takes our schemas
 * away, and passes through a dump, so that a table is never mistaken for ours, nor ours for somebody's.
 */
const DEMO_MARK = 'Made by the Afterglow demo.';

export const DEFAULT_SEED = 1;
const SEEDED_CUSTOMERS = 200;
const SEEDED_PURCHASES = 1_200;
/** Any number, the same in every process: two that start at once create the tables one after the other. */
const CREATION_LOCK = 7_263_401;

/** foreign: a table, view or type of one of our names is not ours. incomplete: some of ours are gone. */
type DemoState =
  | { readonly kind: 'absent' | 'ours' }
  | { readonly kind: 'foreign' | 'incomplete'; readonly names: readonly string[] };

/**
 * Creates the tables, empty, unless they are there; all of them or none. Whether demo tables belong into this database at all
 * is `assertDemoAllowed`'s question, but a table that is not ours is refused here too. True when it made them.
 */
export async function createDemoTables(client: DatabaseClient): Promise<boolean> {
  return await whileNobodyElseCreates(client, async () => {
    const state = await readState(client);
    refuseUnlessOursOrAbsent(state);
    if (state.kind === 'absent') await create(client);
    return state.kind === 'absent';
  });
}

/**
 * Customers and their past, unless there are any; returns how many rows it wrote. Apart from the creation, since whoever wants
 * to see these rows captured fills the tables only when they are watched.
 */
export async function fillDemoTables(
  client: DatabaseClient,
  settings: { readonly seed?: number; readonly now?: () => Date } = {},
): Promise<number> {
  return await whileNobodyElseCreates(client, async () => {
    await assertDemoTables(client);
    const { rowCount } = await client.query('select from public.customers limit 1');
    return rowCount === 0 ? await fill(client, settings) : 0;
  });
}

async function whileNobodyElseCreates<T>(client: DatabaseClient, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [CREATION_LOCK]);
    await client.query('set local search_path to public');
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // The first error is the one to tell; a connection that is gone has rolled back by itself.
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** `forced`: the database is one that Afterglow made, or somebody said --demo-into-this-database. */
export async function assertDemoAllowed(
  client: Queryable,
  settings: { readonly forced: boolean },
): Promise<void> {
  const state = await readState(client);
  refuseUnlessOursOrAbsent(state);
  if (state.kind === 'absent' && !settings.forced) throw new AfterglowError('demo_refused');
}

/** Traffic needs the tables to be there, and to be ours. */
export async function assertDemoTables(client: Queryable): Promise<void> {
  const state = await readState(client);
  refuseUnlessOursOrAbsent(state);
  if (state.kind === 'absent') {
    throw new AfterglowError('demo_refused', 'There are no demo tables in this database.');
  }
}

async function create(client: DatabaseClient): Promise<void> {
  await client.query(await readFile(new URL('./schema.sql', import.meta.url), 'utf8'));
  for (const table of DEMO_TABLES) {
    await client.query(`comment on constraint ${table}_pkey on ${table} is ${quoteLiteral(DEMO_MARK)}`);
  }
  for (const type of DEMO_TYPES) await client.query(`comment on type ${type} is ${quoteLiteral(DEMO_MARK)}`);
}

async function fill(
  client: DatabaseClient,
  settings: { readonly seed?: number; readonly now?: () => Date },
): Promise<number> {
  const ids = new RowIds();
  let rows = 0;
  const past = history({
    seed: settings.seed ?? DEFAULT_SEED,
    customers: SEEDED_CUSTOMERS,
    purchases: SEEDED_PURCHASES,
    now: settings.now?.() ?? new Date(),
  });
  for (const operation of past) rows += await perform(client, operation, ids);
  return rows;
}

async function readState(client: Queryable): Promise<DemoState> {
  const { rows } = await client.query<{ name: string; mark: string | null }>(
    `select name, obj_description(p.oid, 'pg_constraint') as mark
       from unnest($1::text[]) as name left join pg_constraint p on p.conrelid = to_regclass('public.' || name) and p.contype = 'p'
       where to_regclass('public.' || name) is not null
     union all
     select name, obj_description(to_regtype('public.' || name), 'pg_type') from unnest($2::text[]) as name
       where to_regtype('public.' || name) is not null`,
    [[...DEMO_TABLES], [...DEMO_TYPES]],
  );
  const foreign = rows.filter((row) => row.mark !== DEMO_MARK);
  if (foreign.length > 0) return { kind: 'foreign', names: foreign.map((row) => row.name) };
  if (rows.length === 0) return { kind: 'absent' };
  if (rows.length === DEMO_TABLES.length + DEMO_TYPES.length) return { kind: 'ours' };
  return { kind: 'incomplete', names: rows.map((row) => row.name) };
}

function refuseUnlessOursOrAbsent(state: DemoState): void {
  if (state.kind === 'foreign') {
    throw new AfterglowError(
      'demo_refused',
      `Afterglow did not create public.${state.names.join(', public.')}, so the demo leaves this database alone.`,
      { remedy: 'Use the embedded database, or one without tables and types of these names.' },
    );
  }
  if (state.kind === 'incomplete') {
    throw new AfterglowError(
      'demo_refused',
      `Of the demo only ${state.names.join(', ')} are left in this database.`,
      {
        remedy: `Drop what is left of ${DEMO_TABLES.join(', ')} and of their types, and start the demo again.`,
      },
    );
  }
}
