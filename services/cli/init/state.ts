// What set-up finds: everything that planInit decides by, read at once, so that the plan itself is a pure function.
import type { Definition } from '../../../shared/config/definition.ts';
import type { KafkaAdmin, TopicDescription } from '../../../shared/kafka/admin.ts';
import { type Catalog, readCatalog } from '../../../shared/postgres/catalog.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { plannedRows } from '../../../shared/postgres/estimate.ts';
import { readBudgetContent } from '../../../shared/side-tables/budget.ts';
import { readCutOver } from '../../../shared/side-tables/cutovers.ts';
import { appliedMigrations } from '../../../shared/side-tables/migrations.ts';
import {
  ACTIVITY_ROLE,
  INTERNAL_SCHEMA,
  publicationName,
  ROLES,
  roleName,
  SCHEMA,
  slotName,
  TOPIC_PARTITIONS,
} from '../../../shared/side-tables/names.ts';
import { readPipeline, readRevisions } from '../../../shared/side-tables/revisions.ts';
import { type ColumnRow, columnsQuery } from '../../../shared/side-tables/types.ts';
import { grantKey, readGrants } from './grants.ts';
import { type Publication, readPublication } from './publication-state.ts';
import { initTopics } from './topics.ts';

export interface Server {
  readonly user: string;
  readonly database: string;
  readonly walLevel: string;
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly createInDatabase: boolean;
  /** Whether what an earlier set-up made belongs to this role; undefined when there is nothing yet. */
  readonly ownsSchemas: boolean | undefined;
  readonly schemaOwner: string | undefined;
  /** Amazon's servers give replication by this role instead of an attribute. */
  readonly hasRdsReplication: boolean;
  /** Whether this role may let another one see how long transactions of others are open. */
  readonly mayGrantActivity: boolean;
}

export interface ExistingRole {
  readonly login: boolean;
  readonly replication: boolean;
  /** Sees how long transactions of others are open, and whether they wait. */
  readonly seesActivity: boolean;
}

export interface InitState {
  readonly server: Server;
  readonly catalog: Catalog;
  readonly migrations: readonly number[];
  readonly pipeline: string | undefined;
  readonly revisions: ReadonlyMap<string, { readonly revision: number; readonly sha256: string }>;
  /** Enrichments that have changed places with their shadow at any time. */
  readonly cutOver: ReadonlySet<string>;
  /** Text of the registered one; undefined: none was. */
  readonly budget: string | undefined;
  readonly recordedPartitions: ReadonlyMap<string, number>;
  readonly topics: ReadonlyMap<string, Pick<TopicDescription, 'partitions' | 'settings'>>;
  readonly publication: Publication | undefined;
  readonly slot: { readonly active: boolean } | undefined;
  /** How many rows the planner expects in a source, by tableKey(); asked only while there is a slot. */
  readonly estimates: ReadonlyMap<string, number>;
  readonly roles: ReadonlyMap<string, ExistingRole>;
  /** grantKey() of every privilege that our roles hold here; of PUBLIC's those on schemas. */
  readonly grants: ReadonlySet<string>;
  /** tableKey() of sources that the connected role does not own, with who does. */
  readonly foreignTables: ReadonlyMap<string, { readonly name: string; readonly superuser: boolean }>;
  /** Schemas that this role may not let others into. */
  readonly foreignSchemas: ReadonlySet<string>;
  /** Columns of the sources and of our own tables and views. */
  readonly columns: readonly ColumnRow[];
  /** Body of every function in our schemas, by 'schema.name(arguments)'. */
  readonly functions: ReadonlyMap<string, string>;
  /** 'from>to' by type oid. */
  readonly casts: ReadonlySet<string>;
  /** Schema of pgvector's types; undefined where the extension is not installed. */
  readonly vectorSchema: string | undefined;
  /** Whether the server could install it. */
  readonly vectorAvailable: boolean;
}

export const tableKey = (table: { readonly schema: string; readonly name: string }): string =>
  JSON.stringify([table.schema, table.name]);

const SERVER = `
  select current_user::text as user, current_database()::text as database, current_setting('wal_level') as wal_level,
         r.rolsuper as superuser, r.rolcreaterole as create_role,
         has_database_privilege(current_database(), 'CREATE') as create_in_database,
         exists (select from pg_roles where rolname = 'rds_replication') as has_rds_replication,
         pg_has_role('${ACTIVITY_ROLE}', 'MEMBER WITH ADMIN OPTION')
           or (r.rolcreaterole and current_setting('server_version_num')::int4 < 160000) as may_grant_activity,
         (select pg_has_role(n.nspowner, 'USAGE') from pg_namespace n where n.nspname = $1) as owns_schemas,
         (select pg_get_userbyid(n.nspowner)::text from pg_namespace n where n.nspname = $1) as schema_owner
    from pg_roles r where r.rolname = current_user`;

const FUNCTIONS = `
  select format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as signature, p.prosrc as body
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any($1)`;

const COLUMNS = columnsQuery(
  `relation.relkind in ('r', 'p', 'v') and
   (relation_schema.nspname = any($1) or jsonb_build_array(relation_schema.nspname, relation.relname) = any($2::jsonb[]))`,
);

const FOREIGN_TABLES = `
  select n.nspname::text as schema, c.relname::text as name, r.rolname::text as owner, r.rolsuper as superuser
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
   where jsonb_build_array(n.nspname, c.relname) = any($1::jsonb[]) and not pg_has_role(c.relowner, 'USAGE')`;

const FOREIGN_SCHEMAS = `
  select nspname::text as name from pg_namespace where not has_schema_privilege(oid, 'USAGE WITH GRANT OPTION')`;

export async function readInitState(
  client: Queryable,
  topics: InitState['topics'],
  definition: Definition,
): Promise<InitState> {
  const { pipeline } = definition;
  const sources = Object.values(definition.sources).map(({ table }) => tableKey(table));
  const ourSchemas = [SCHEMA, INTERNAL_SCHEMA];
  const migrations = await appliedMigrations(client);
  const isSetUp = migrations.length > 0;
  const server = await readServer(client);
  const slot = await readSlot(client, slotName(pipeline));
  return {
    server,
    catalog: await readCatalog(client),
    migrations,
    pipeline: (await readPipeline(client))?.name,
    revisions: isSetUp ? await readRevisions(client) : new Map(),
    cutOver: await readCutOver(client),
    budget: await readBudgetContent(client),
    recordedPartitions: isSetUp ? await readRecordedPartitions(client) : new Map(),
    topics,
    publication: await readPublication(client, publicationName(pipeline)),
    slot,
    estimates: slot === undefined ? new Map() : await readEstimates(client, definition),
    roles: await readRoles(client, pipeline),
    grants: new Set(
      (await readGrants(client, [...ROLES.map((role) => roleName(pipeline, role)), 'public'])).map(grantKey),
    ),
    foreignTables: await readForeignTables(client, sources),
    foreignSchemas: new Set(
      (await client.query<{ name: string }>(FOREIGN_SCHEMAS)).rows.map(({ name }) => name),
    ),
    columns: (await client.query<ColumnRow>(COLUMNS, [ourSchemas, sources])).rows,
    functions: new Map(
      (await client.query<{ signature: string; body: string }>(FUNCTIONS, [ourSchemas])).rows.map((row) => [
        row.signature,
        row.body,
      ]),
    ),
    casts: new Set(
      (
        await client.query<{ pair: string }>("select castsource || '>' || casttarget as pair from pg_cast")
      ).rows.map(({ pair }) => pair),
    ),
    ...(await readVector(client)),
  };
}

async function readServer(client: Queryable): Promise<Server> {
  const { rows } = await client.query<{
    user: string;
    database: string;
    wal_level: string;
    superuser: boolean;
    create_role: boolean;
    create_in_database: boolean;
    has_rds_replication: boolean;
    may_grant_activity: boolean;
    owns_schemas: boolean | null;
    schema_owner: string | null;
  }>(SERVER, [INTERNAL_SCHEMA]);
  const row = rows[0];
  if (row === undefined) throw new Error('the server does not know its own user');
  return {
    user: row.user,
    database: row.database,
    walLevel: row.wal_level,
    superuser: row.superuser,
    createRole: row.create_role || row.superuser,
    createInDatabase: row.create_in_database,
    ownsSchemas: row.owns_schemas ?? undefined,
    schemaOwner: row.schema_owner ?? undefined,
    hasRdsReplication: row.has_rds_replication,
    mayGrantActivity: row.may_grant_activity,
  };
}

async function readSlot(client: Queryable, name: string): Promise<{ active: boolean } | undefined> {
  const { rows } = await client.query<{ active: boolean }>(
    'select active from pg_replication_slots where slot_name = $1 and database = current_database()',
    [name],
  );
  return rows[0];
}

async function readRoles(client: Queryable, pipeline: string): Promise<ReadonlyMap<string, ExistingRole>> {
  const { rows } = await client.query<{ name: string; login: boolean; replication: boolean; sees: boolean }>(
    `select rolname::text as name, rolcanlogin as login, rolreplication as replication, pg_has_role(oid, '${ACTIVITY_ROLE}', 'USAGE') as sees
       from pg_roles where rolname = any($1)`,
    [ROLES.map((role) => roleName(pipeline, role))],
  );
  return new Map(
    rows.map(({ name, login, replication, sees }) => [name, { login, replication, seesActivity: sees }]),
  );
}

async function readRecordedPartitions(client: Queryable): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ topic: string; partitions: number }>(
    `select topic, partitions from ${TOPIC_PARTITIONS}`,
  );
  return new Map(rows.map(({ topic, partitions }) => [topic, partitions]));
}

export async function readTopics(kafka: KafkaAdmin, definition: Definition): Promise<InitState['topics']> {
  const described = await kafka.describeTopics(initTopics(definition).map(({ topic }) => topic));
  return new Map(described.flatMap((found) => (found === undefined ? [] : [[found.topic, found]])));
}

/** Of the tables that this role may read; what is missing is told elsewhere. */
async function readEstimates(client: Queryable, definition: Definition): Promise<InitState['estimates']> {
  const estimates = new Map<string, number>();
  for (const { table } of Object.values(definition.sources)) {
    const { rows } = await client.query(
      `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname = $2 and has_table_privilege(c.oid, 'SELECT')`,
      [table.schema, table.name],
    );
    if (rows.length > 0) estimates.set(tableKey(table), await plannedRows(client, table));
  }
  return estimates;
}

async function readForeignTables(
  client: Queryable,
  sources: readonly string[],
): Promise<InitState['foreignTables']> {
  const { rows } = await client.query<{ schema: string; name: string; owner: string; superuser: boolean }>(
    FOREIGN_TABLES,
    [sources],
  );
  return new Map(rows.map((row) => [tableKey(row), { name: row.owner, superuser: row.superuser }]));
}

async function readVector(client: Queryable): Promise<Pick<InitState, 'vectorSchema' | 'vectorAvailable'>> {
  const { rows } = await client.query<{ schema: string | null }>(
    `select n.nspname::text as schema from pg_available_extensions a
       left join pg_extension e on e.extname = a.name left join pg_namespace n on n.oid = e.extnamespace
      where a.name = 'vector'`,
  );
  return { vectorSchema: rows[0]?.schema ?? undefined, vectorAvailable: rows.length > 0 };
}
