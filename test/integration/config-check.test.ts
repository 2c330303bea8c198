// The definition against real tables: what the catalog says of every type, and that the shipped definitions fit the demo schema.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkDefinition } from '../../shared/config/check.ts';
import { demoCatalog } from '../../shared/config/fixtures/demo-catalog.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { type Catalog, type Column, findTable, readCatalog } from '../../shared/postgres/catalog.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { createDatabase } from '../support/stack.ts';

const readText = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const DEMO_SCHEMA = readText('../../services/cli/demo/schema.sql');

async function catalogAfter(version: 16 | 18, sql: string): Promise<Catalog> {
  await using database = await createDatabase(version);
  const client = await connectDatabase({ url: database.url, applicationName: 'config-check-test' });
  try {
    await client.query(sql);
    const catalog = await readCatalog(client);
    await client.query("set search_path = ''");
    expect(await readCatalog(client), 'what is read does not depend on the search_path').toEqual(catalog);
    return catalog;
  } finally {
    await client.end();
  }
}

/** Without the numbers that every database chooses for itself. */
function portable(catalog: Catalog): Catalog {
  return {
    tables: catalog.tables.map((table) => ({
      ...table,
      oid: 0,
      columns: table.columns.map((column) => ({ ...column, typeOid: 0 })),
    })),
  };
}

// A table with every oddity that a name, a type or a key can have. The tests' build has no ICU, so the collation is made
// non-deterministic by hand.
const ODD_TABLES = `
  create schema "odd.schema";
  create domain base_text as text not null;
  create domain short_text as base_text check (length(value) < 10);
  create domain tag as text;
  create domain score_list as int[];
  create collation nocase from "C";
  update pg_collation set collisdeterministic = false where collname = 'nocase';
  create type mood as enum ('sad', 'ok', 'a "quoted" one');
  create table "odd.schema"."Weird Table" (
    "Id" int, part uuid, "Full Name" text, note short_text, tags tag[], moods mood[], scores score_list,
    nc text collate nocase, doubled numeric generated always as ("Id" * 2) stored, dropped int, boxes box[],
    codes varchar(3)[], primary key (part, "Id"));
  alter table "odd.schema"."Weird Table" drop column dropped;
  create table no_key (a int);
  create table full_no_key (a int);
  alter table full_no_key replica identity full;
  create table by_index (a int not null, b text not null, c int, unique (b, a) include (c));
  alter table by_index replica identity using index by_index_b_a_c_key;
  create table nothing (id int primary key);
  alter table nothing replica identity nothing;
  create table parted (id int, at date, primary key (id, at)) partition by range (at);
  create table part_1 partition of parted default;
  create view a_view as select 1 as x`;

describe.each([16, 18] as const)('PostgreSQL %i', (version) => {
  test('the demo schema reads as the fixture says, and both shipped definitions fit it', async () => {
    const catalog = await catalogAfter(version, DEMO_SCHEMA);
    expect(portable(catalog)).toEqual(demoCatalog);
    for (const path of ['../../afterglow.yaml', '../../shared/config/fixtures/full.yaml']) {
      expect(checkDefinition(parseDefinition(readText(path), path, {}), catalog)).toEqual([]);
    }
  });

  test('domains, arrays, enums, generated and dropped columns are seen for what they are', async () => {
    const catalog = await catalogAfter(version, ODD_TABLES);
    const weird = findTable(catalog, { schema: 'odd.schema', name: 'Weird Table' });
    expect(weird?.key, 'in index order').toEqual(['part', 'Id']);
    const facts = ({ name, type, base, array, nullable }: Column) => [name, type, base, array, nullable];
    expect(weird?.columns.map(facts)).toEqual([
      ['Id', 'integer', 'int4', false, false],
      ['part', 'uuid', 'uuid', false, false],
      ['Full Name', 'text', 'text', false, true],
      ['note', 'public.short_text', 'text', false, false],
      ['tags', 'public.tag[]', 'text', true, true],
      ['moods', 'public.mood[]', 'mood', true, true],
      ['scores', 'public.score_list', 'int4', true, true],
      ['nc', 'text', 'text', false, true],
      ['doubled', 'numeric', 'numeric', false, true],
      ['boxes', 'box[]', '_box', false, true],
      ['codes', 'character varying(3)[]', 'varchar', true, true],
    ]);
    const named = (name: string): Column | undefined => weird?.columns.find((column) => column.name === name);
    expect(named('moods')?.labels).toEqual(['sad', 'ok', 'a "quoted" one']);
    expect(named('doubled')?.generated).toBe('stored');
    expect(named('nc')?.collationDeterministic).toBe(false);
  });

  test('the key follows the replica identity', async () => {
    const catalog = await catalogAfter(version, ODD_TABLES);
    const keys = catalog.tables.map(({ name, kind, replicaIdentity, key }) => [
      name,
      kind,
      replicaIdentity,
      key,
    ]);
    expect(keys.filter(([name]) => name !== 'Weird Table')).toEqual([
      ['a_view', 'other', 'nothing', []],
      ['by_index', 'table', 'index', ['b', 'a']],
      ['full_no_key', 'table', 'full', []],
      ['no_key', 'table', 'default', []],
      ['nothing', 'table', 'nothing', []],
      ['parted', 'partitioned', 'default', ['id', 'at']],
    ]);
  });
});
