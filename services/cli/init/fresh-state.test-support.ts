import { demoCatalog, withoutModifier } from '../../../shared/config/fixtures/demo-catalog.ts';
import type { Catalog } from '../../../shared/postgres/catalog.ts';
import type { ColumnRow } from '../../../shared/side-tables/types.ts';
import type { InitState } from './state.ts';

function columnsOf(catalog: Catalog): readonly ColumnRow[] {
  return catalog.tables.flatMap(({ schema, name: relation, columns }) =>
    columns.map(({ name, type }) => ({
      schema,
      relation,
      name,
      type,
      plain_type: withoutModifier(type),
      type_oid: type,
      collation: null,
      whole_type: withoutModifier(type),
      whole_type_schema: type.startsWith('public.') ? 'public' : 'pg_catalog',
      key_place: name === 'id' ? 1 : 0,
    })),
  );
}

/** A database that has the demo's tables and nothing of ours. */
export function freshState(changes: Partial<InitState> = {}, catalog: Catalog = demoCatalog): InitState {
  return {
    server: {
      user: 'owner',
      database: 'shop',
      walLevel: 'logical',
      superuser: true,
      createRole: true,
      createInDatabase: true,
      ownsSchemas: undefined,
      schemaOwner: undefined,
      hasRdsReplication: false,
      mayGrantActivity: true,
    },
    catalog,
    migrations: [],
    pipeline: undefined,
    revisions: new Map(),
    cutOver: new Set(),
    budget: undefined,
    recordedPartitions: new Map(),
    topics: new Map(),
    publication: undefined,
    slot: undefined,
    estimates: new Map(),
    roles: new Map(),
    grants: new Set(['["public","USAGE","public",null,null]']),
    foreignTables: new Map(),
    foreignSchemas: new Set(),
    columns: columnsOf(catalog),
    functions: new Map(),
    casts: new Set(),
    vectorSchema: undefined,
    vectorAvailable: true,
    ...changes,
  };
}
