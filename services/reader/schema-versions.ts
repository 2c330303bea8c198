import { formatLsn, parseLsn } from '../../shared/contracts/position.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import type { RelationColumn } from '../../shared/postgres/pgoutput.ts';
import { SCHEMA_VERSIONS } from '../../shared/side-tables/names.ts';

export interface ColumnIdentity {
  readonly name: string;
  readonly type_oid: number;
}

export interface SchemaVersion {
  /** 'schema.table'. */
  readonly table: string;
  readonly version: number;
  readonly columns: readonly ColumnIdentity[];
  /** The first commit whose rows have these columns. */
  readonly sinceLsn: bigint;
}

export interface VersionChange {
  readonly entry: SchemaVersion;
  /** undefined: the table was never seen before. */
  readonly previous: SchemaVersion | undefined;
}

/**
 * Which version of its columns a table has at a commit. Remembered by position, so that a replay of the log, which brings
 * the old columns again, gives every event the version it had before.
 */
export class SchemaVersions {
  readonly #byTable = new Map<string, SchemaVersion[]>();

  constructor(entries: readonly SchemaVersion[]) {
    for (const entry of entries) this.#add(entry);
  }

  /** The version in force, or the new one that these columns begin; a new one has to be stored before its rows go out. */
  at(
    table: string,
    columns: readonly RelationColumn[],
    commitLsn: bigint,
    inAnyOrder = false,
  ): number | VersionChange {
    const entries = this.#byTable.get(table) ?? [];
    const previous = entries.findLast(({ sinceLsn }) => sinceLsn <= commitLsn);
    const isSame = inAnyOrder ? sameNames : sameColumns;
    if (previous !== undefined && isSame(previous.columns, columns)) return previous.version;
    const newest = entries.reduce((highest, { version }) => Math.max(highest, version), 0);
    const entry: SchemaVersion = {
      table,
      version: newest + 1,
      columns: columns.map(({ name, typeOid }) => ({ name, type_oid: typeOid })),
      sinceLsn: commitLsn,
    };
    this.#add(entry);
    return { entry, previous };
  }

  #add(entry: SchemaVersion): void {
    const entries = this.#byTable.get(entry.table) ?? [];
    entries.push(entry);
    entries.sort((a, b) =>
      a.sinceLsn < b.sinceLsn ? -1 : a.sinceLsn > b.sinceLsn ? 1 : a.version - b.version,
    );
    this.#byTable.set(entry.table, entries);
  }
}

export interface ColumnChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly retyped: readonly string[];
}

export function columnChanges(from: readonly ColumnIdentity[], to: readonly ColumnIdentity[]): ColumnChanges {
  const before = new Map(from.map(({ name, type_oid }) => [name, type_oid]));
  const after = new Map(to.map(({ name, type_oid }) => [name, type_oid]));
  return {
    added: to.filter(({ name }) => !before.has(name)).map(({ name }) => name),
    removed: from.filter(({ name }) => !after.has(name)).map(({ name }) => name),
    retyped: to
      .filter(({ name, type_oid }) => before.has(name) && before.get(name) !== type_oid)
      .map(({ name }) => name),
  };
}

function sameColumns(known: readonly ColumnIdentity[], columns: readonly RelationColumn[]): boolean {
  return (
    known.length === columns.length &&
    known.every(({ name, type_oid }, index) => {
      const column = columns[index];
      return column?.name === name && column.typeOid === type_oid;
    })
  );
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : 1;

const sameNames = (known: readonly ColumnIdentity[], columns: readonly RelationColumn[]): boolean =>
  sameColumns(known.toSorted(byName), columns.toSorted(byName));

export async function loadSchemaVersions(client: Queryable): Promise<readonly SchemaVersion[]> {
  const { rows } = await client.query<{ table_name: string; version: number; columns: string; lsn: string }>(
    `select table_name, version, columns, since_lsn::text as lsn from ${SCHEMA_VERSIONS}`,
  );
  return rows.map(({ table_name, version, columns, lsn }) => ({
    table: table_name,
    version,
    columns: JSON.parse(columns) as readonly ColumnIdentity[],
    sinceLsn: parseLsn(lsn),
  }));
}

/**
 * A reader that was frozen may wake and store the very version that its successor is storing: equal, it is nobody's fault and
 * ends nobody's session. Another one under the same number means that somebody else went on, and that it is time to look anew.
 */
export async function storeSchemaVersion(client: Queryable, entry: SchemaVersion): Promise<void> {
  const values = [entry.table, entry.version, JSON.stringify(entry.columns), formatLsn(entry.sinceLsn)];
  const stored = await client.query(
    `insert into ${SCHEMA_VERSIONS} (table_name, version, columns, since_lsn) values ($1, $2, $3, $4)
     on conflict do nothing`,
    values,
  );
  if (stored.rowCount === 1) return;
  const { rowCount } = await client.query(
    `select from ${SCHEMA_VERSIONS} where table_name = $1 and version = $2 and columns = $3::jsonb and since_lsn = $4::pg_lsn`,
    values,
  );
  if (rowCount === 1) return;
  throw new Fault('unavailable', 'schema_version_taken', 'another reader stored another version of a table');
}
