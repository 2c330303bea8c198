import {
  enrichedViewName,
  INTERNAL_SCHEMA,
  type InternalTable,
  type Role,
  roleName,
  SCHEMA,
  stateTableName,
} from '../../../shared/side-tables/names.ts';
import { type Grant, grantKey, grantStatements } from './grants.ts';
import { DEFAULT_VECTOR_SCHEMA, type RealSource } from './sources.ts';
import type { InitState } from './state.ts';
import { type SqlStep, sqlStep } from './step.ts';

type Privilege = Grant['privilege'];

/** What every service reads at its start. */
const READ_BY_SERVICES: readonly InternalTable[] = [
  'migrations',
  'pipeline',
  'revisions',
  'topic_partitions',
  'cutovers',
];
/** Bookkeeping of whoever consumes. */
const KEPT_BY_CONSUMERS: readonly InternalTable[] = ['known_groups', 'crash_counts'];
const ALL_ROWS: readonly Privilege[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
const BUILT_IN_SCHEMA = 'pg_catalog';

export function wantedGrants(
  pipeline: string,
  sources: readonly RealSource[],
  state: InitState,
): readonly Grant[] {
  const grants: Grant[] = [];
  const { vectorSchema = DEFAULT_VECTOR_SCHEMA } = state;
  const give = (role: Role, privileges: readonly Privilege[], schema: string, table: string | null): void => {
    for (const privilege of privileges) {
      grants.push({ role: roleName(pipeline, role), privilege, schema, table, column: null });
    }
  };
  const enter = (role: Role, schema: string): void => {
    const everyoneMay = grantKey({ role: 'public', privilege: 'USAGE', schema, table: null, column: null });
    if (schema !== BUILT_IN_SCHEMA && !state.grants.has(everyoneMay)) give(role, ['USAGE'], schema, null);
  };
  const onInternal = (
    role: Role,
    privileges: readonly Privilege[],
    tables: readonly InternalTable[],
  ): void => {
    for (const table of tables) give(role, privileges, INTERNAL_SCHEMA, table);
  };

  for (const role of ['reader', 'enricher', 'writer', 'viewer'] as const) enter(role, INTERNAL_SCHEMA);
  for (const role of ['enricher', 'writer', 'viewer'] as const) enter(role, SCHEMA);
  for (const role of ['reader', 'enricher', 'writer'] as const)
    onInternal(role, ['SELECT'], READ_BY_SERVICES);
  for (const role of ['enricher', 'writer'] as const) onInternal(role, ALL_ROWS, KEPT_BY_CONSUMERS);
  onInternal('enricher', ALL_ROWS, ['request_cache', 'ledger', 'leases', 'budget_alerts', 'unpaid_redos']);
  onInternal('enricher', ['SELECT'], ['positions', 'cache_seal', 'budget']);
  // A gap of their group, with the redo that closes it.
  for (const role of ['enricher', 'writer'] as const) {
    onInternal(role, ['SELECT', 'INSERT'], ['redo_jobs', 'redo_keys']);
    onInternal(role, ['SELECT', 'INSERT', 'UPDATE'], ['gaps']);
  }
  onInternal('reader', ['SELECT', 'INSERT'], ['schema_versions']);
  // Whether there is money for rows that are read again.
  onInternal('reader', ['SELECT'], ['ledger', 'leases', 'budget']);
  // Whether what the writer is past is in the side tables.
  onInternal('reader', ['SELECT'], ['written_outcomes']);
  onInternal('reader', ALL_ROWS, ['redo_jobs', 'redo_keys', 'gap_keys', 'partition_changes']);
  onInternal('reader', ['SELECT', 'INSERT', 'UPDATE'], ['positions', 'gaps', 'partitions']);
  // A lock FOR SHARE asks for the right to update.
  onInternal('writer', ['SELECT', 'UPDATE'], ['truncate_fences']);
  onInternal('writer', ALL_ROWS, ['late_keys', 'written_outcomes']);

  for (const source of sources) {
    for (const role of ['reader', 'enricher'] as const) {
      enter(role, source.schema);
      grants.push(...selectOnSource(roleName(pipeline, role), source));
    }
    // Keys travel as text and are cast to the source's own types.
    for (const schema of source.keyTypeSchemas) {
      for (const role of ['reader', 'enricher', 'writer'] as const) enter(role, schema);
    }
    for (const { enrichment, chunked } of source.enrichments) {
      // Whoever names the type of vectors, or an operator of theirs.
      if (chunked) for (const role of ['writer', 'viewer'] as const) enter(role, vectorSchema);
      for (const [schema, table] of [
        [INTERNAL_SCHEMA, stateTableName(enrichment)],
        [SCHEMA, enrichment],
      ] as const) {
        give('enricher', ['SELECT'], schema, table);
        // The keys that have a result and no row are found there after a gap.
        if (schema === INTERNAL_SCHEMA) give('reader', ['SELECT'], schema, table);
        give('writer', ALL_ROWS, schema, table);
        give('viewer', ['SELECT'], schema, table);
      }
    }
    give('viewer', ['SELECT'], SCHEMA, enrichedViewName(source.name));
  }
  return [...new Map(grants.map((grant) => [grantKey(grant), grant])).values()];
}

/** Of a table with excluded columns only the others: what must not leave the database must not be readable either. */
function selectOnSource(role: string, { schema, table, published }: RealSource): readonly Grant[] {
  const columns: readonly (string | null)[] = published ?? [null];
  return columns.map((column) => ({ role, privilege: 'SELECT', schema, table, column }));
}

export const missingGrants = (
  pipeline: string,
  sources: readonly RealSource[],
  state: InitState,
): readonly Grant[] =>
  wantedGrants(pipeline, sources, state).filter((grant) => !state.grants.has(grantKey(grant)));

/** What reader and enricher may still read of a source although it has been excluded since. */
function surplusGrants(pipeline: string, sources: readonly RealSource[], state: InitState): readonly Grant[] {
  const services = (['reader', 'enricher'] as const).map((role) => roleName(pipeline, role));
  return sources
    .filter(({ published }) => published !== null)
    .flatMap((source) => {
      const wanted = new Set(services.flatMap((role) => selectOnSource(role, source)).map(grantKey));
      const columns = [null, ...source.columns.map(({ name }) => name)];
      return services
        .flatMap((role) =>
          columns.map(
            (column): Grant => ({
              role,
              privilege: 'SELECT',
              schema: source.schema,
              table: source.table,
              column,
            }),
          ),
        )
        .filter((grant) => state.grants.has(grantKey(grant)) && !wanted.has(grantKey(grant)));
    });
}

export function grantSteps(
  pipeline: string,
  sources: readonly RealSource[],
  state: InitState,
): readonly SqlStep[] {
  const surplus = surplusGrants(pipeline, sources, state);
  // Taking the whole table away takes its single columns away, too, so those are granted after it.
  const revoked = new Set(surplus.filter(({ column }) => column === null).map(objectOf));
  const missing = wantedGrants(pipeline, sources, state).filter(
    (grant) => !state.grants.has(grantKey(grant)) || revoked.has(objectOf(grant)),
  );
  return [
    ...sqlStep(
      'privileges taken back',
      'excluded columns are not for the services to read',
      grantStatements(surplus, 'revoke'),
    ),
    ...sqlStep('privileges', 'least privilege for each role', grantStatements(missing, 'grant')),
  ];
}

const objectOf = ({ role, schema, table }: Grant): string => JSON.stringify([role, schema, table]);
