import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Definition } from '../../../shared/config/definition.ts';
import { demoCatalog } from '../../../shared/config/fixtures/demo-catalog.ts';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { quoteLiteral } from '../../../shared/postgres/connect.ts';
import { budgetContent } from '../../../shared/side-tables/budget.ts';
import { freshState } from './fresh-state.test-support.ts';
import { planInit } from './plan.ts';
import { planRemove } from './remove.ts';
import type { InitState } from './state.ts';
import { printSql } from './step.ts';

const file = new URL('../../../shared/config/fixtures/full.yaml', import.meta.url);

function fullDefinition(): Definition {
  const { definition, mistakes } = parseDefinition(readFileSync(file, 'utf8'), 'full.yaml', {});
  if (definition === undefined) throw new Error(JSON.stringify(mistakes));
  return definition;
}

const planned = (state: InitState, definition = fullDefinition()) => planInit({ definition }, state);

test('the whole set-up of the full example is as committed', async () => {
  const sql = printSql(planned(freshState()));
  await expect(sql).toMatchFileSnapshot('golden/init.sql');
});

test('another budget is registered, and neither an equal one nor a new revision is', () => {
  const definition = fullDefinition();
  const { budget: _, ...unlimited } = definition;
  const titles = (registered: string | undefined, wanted: Definition): readonly string[] =>
    planned(freshState({ budget: registered }), wanted)
      .steps.map(({ title }) => title)
      .filter((title) => title === 'budget');
  expect(titles(undefined, definition)).toEqual(['budget']);
  expect(titles(undefined, unlimited)).toEqual(['budget']);
  expect(titles(budgetContent(definition), definition)).toEqual([]);
  expect(titles(budgetContent(definition), unlimited)).toEqual(['budget']);
  expect(titles('null', unlimited)).toEqual([]);
});

test('the budget that was registered last stays where only the rest is set up', () => {
  const definition = fullDefinition();
  const { steps } = planInit({ definition, keepsBudget: true }, freshState({ budget: 'null' }));
  expect(steps.map(({ title }) => title)).not.toContain('budget');
  expect(steps.map(({ title }) => title)).toContain('partition counts');
});

test('on Amazon the reader gets the role that gives replication there, not the attribute', () => {
  const { server } = freshState();
  const amazon = freshState({ server: { ...server, hasRdsReplication: true } });
  expect(planned(amazon).notes.join('\n')).toContain('grant rds_replication to <login role>');
  const { steps } = planInit({ definition: fullDefinition(), loginPasswords: { reader: 'secret' } }, amazon);
  const sql = printSql({ steps, notes: [], lacks: [] });
  expect(sql).toContain('alter role "afterglow_reader" login password');
  expect(sql).not.toContain('secret');
});

test.each<[string, Partial<InitState>, string]>([
  ['wal_level', { server: { ...freshState().server, walLevel: 'replica' } }, 'wal_level_too_low'],
  ['another pipeline', { pipeline: 'other', migrations: [1] }, 'database_of_another_pipeline'],
  ['no pgvector', { vectorAvailable: false }, 'vector_missing'],
  [
    'other partitions',
    { topics: new Map([['afterglow.enriched.fraud', { partitions: 3, settings: {} }]]) },
    'partitions_fixed',
  ],
  [
    'a publication of all tables',
    {
      publication: {
        allTables: true,
        schemas: false,
        owned: true,
        publishesAll: true,
        viaRoot: false,
        tables: [],
      },
    },
    'publication_foreign',
  ],
])('%s stops set-up before anything is changed', (_what, changes, code) => {
  expect(() => planned(freshState(changes))).toThrow(expect.objectContaining({ code }));
});

test('a table without a key is refused with the statement that gives it one', () => {
  const tables = demoCatalog.tables.map((table) => ({ ...table, key: [] }));
  expect(() => planned(freshState({}, { tables }))).toThrow(
    expect.objectContaining({
      code: 'table_without_key',
      remedy: expect.stringContaining('add primary key'),
    }),
  );
});

test('a key column cannot be excluded', () => {
  const definition = fullDefinition();
  const { transactions } = definition.sources;
  if (transactions === undefined) throw new Error('no transactions');
  const sources = { ...definition.sources, transactions: { ...transactions, exclude: ['id'] } };
  expect(() => planned(freshState(), { ...definition, sources })).toThrow(
    expect.objectContaining({ code: 'definition_invalid' }),
  );
});

test('an unprivileged role is told everything at once, and never to take tables from the application', () => {
  const server = { ...freshState().server, superuser: false, createRole: false, createInDatabase: false };
  const foreignTables = new Map([
    ['["public","transactions"]', { name: 'postgres', superuser: true }],
    ['["public","reviews"]', { name: 'app', superuser: false }],
  ]);
  const { lacks } = planned(freshState({ server, foreignTables, foreignSchemas: new Set(['public']) }));
  expect(lacks.map(({ run }) => run)).toEqual([
    'grant create on database "shop" to "owner"',
    'create role "afterglow_reader" nologin; create role "afterglow_enricher" nologin; create role "afterglow_writer" nologin; create role "afterglow_viewer" nologin',
    'alter table "public"."transactions" owner to "owner"',
    'grant "app" to "owner"',
  ]);
});

test('a hostile name stays a name: every statement quotes it', () => {
  const evil = `t"; drop table users; --\n$afterglow$ '`;
  const tables = demoCatalog.tables.map((table) =>
    table.name === 'customers' ? { ...table, name: evil } : table,
  );
  const definition = fullDefinition();
  const { customers } = definition.sources;
  if (customers === undefined) throw new Error('no customers');
  const sources = {
    ...definition.sources,
    customers: { ...customers, table: { schema: 'public', name: evil } },
  };
  const sql = printSql(planned(freshState({}, { tables }), { ...definition, sources }));
  const quoted = `"${evil.replaceAll('"', '""')}"`;
  expect(sql).toContain(quoted);
  // The registered content holds it as JSON in a literal.
  const inContent = quoteLiteral(JSON.stringify(evil)).replace(/^ E'"|"'$/g, '');
  expect(sql.replaceAll(quoted, '').replaceAll(inContent, '')).not.toContain('drop table users');
});

test('removal waits until the reader has gone', () => {
  expect(() => planRemove(fullDefinition(), freshState({ slot: { active: true } }))).toThrow(
    expect.objectContaining({ code: 'services_running' }),
  );
});
