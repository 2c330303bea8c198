import { readdirSync, readFileSync } from 'node:fs';
import type { Queryable } from '../postgres/connect.ts';
import { MIGRATIONS } from './names.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

const FOLDER = new URL('migrations/', import.meta.url);
const FILE_NAME = /^(\d{3})_([a-z0-9_]+)\.sql$/;

let migrations: readonly Migration[] | undefined;

/** The numbered files, oldest first. Read once: services ask every few seconds whether their definition still holds. */
export function allMigrations(): readonly Migration[] {
  migrations ??= readMigrations();
  return migrations;
}

function readMigrations(): readonly Migration[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => {
      const [, version, name] = FILE_NAME.exec(file) ?? [];
      if (version === undefined || name === undefined) throw new Error(`not a migration: ${file}`);
      return { version: Number(version), name, sql: readFileSync(new URL(file, FOLDER), 'utf8') };
    });
}

/** Versions applied to this database; none where Afterglow was never set up. */
export async function appliedMigrations(client: Queryable): Promise<readonly number[]> {
  const { rows } = await client.query<{ present: boolean }>('select to_regclass($1) is not null as present', [
    MIGRATIONS,
  ]);
  if (rows[0]?.present !== true) return [];
  const applied = await client.query<{ version: number }>(
    `select version from ${MIGRATIONS} order by version`,
  );
  return applied.rows.map(({ version }) => version);
}

/** What has to run, in order. */
export function pendingMigrations(applied: readonly number[]): readonly Migration[] {
  const done = new Set(applied);
  return allMigrations().filter(({ version }) => !done.has(version));
}

/** The file and its entry in the version table, to be run in one transaction. */
export function migrationStatements(migration: Migration): readonly string[] {
  return [
    migration.sql.trim(),
    `insert into ${MIGRATIONS} (version, name) values (${migration.version}, '${migration.name}')`,
  ];
}
