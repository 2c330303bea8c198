import { expect, test } from 'vitest';
import { applyInit, applyRemove, previewInit } from '../../services/cli/init/apply.ts';
import { printSql } from '../../services/cli/init/step.ts';
import type { KafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { registeredRevision, verifyRegistered } from '../../shared/side-tables/revisions.ts';
import { type Changes, definitionOf, rolesOf, setUp } from '../support/initialised.ts';
import { until } from '../support/wait.ts';

/** Everything that set-up could touch, in one comparable form. */
async function fingerprint(client: DatabaseClient): Promise<Record<string, string>> {
  const parts: Record<string, string> = {
    namespaces:
      'select nspname, coalesce(nspacl, acldefault($$n$$, nspowner))::text from pg_namespace where nspname !~ $$^pg_(toast|temp)$$ order by 1',
    relations:
      'select n.nspname, relname, relkind, coalesce(relacl, acldefault($$r$$, relowner))::text from pg_class c join pg_namespace n on n.oid = relnamespace where n.nspname !~ $$^pg_|^info$$ order by 1, 2',
    columns:
      'select attrelid::regclass::text, attname, attacl::text, format_type(atttypid, atttypmod) from pg_attribute where attnum > 0 and attrelid in (select oid from pg_class where relnamespace::regnamespace::text !~ $$^pg_|^info$$) order by 1, 2',
    functions:
      'select oid::regprocedure::text, prosrc, proacl::text from pg_proc where pronamespace::regnamespace::text !~ $$^pg_|^info$$ order by 1',
    publications: 'select * from pg_publication_tables order by 1, 2, 3',
    publicationFlags: 'select pubname, pubinsert, pubtruncate, pubviaroot from pg_publication order by 1',
    slots: 'select slot_name from pg_replication_slots where database = current_database() order by 1',
    extensions: 'select extname from pg_extension order by 1',
  };
  const result: Record<string, string> = {};
  for (const [name, sql] of Object.entries(parts)) {
    result[name] = JSON.stringify((await client.query(sql)).rows, null, 1);
  }
  return result;
}

test.for([16, 18] as const)('a second init changes nothing (PostgreSQL %s)', async (version) => {
  await using setting = await setUp(version);
  expect((await setting.init()).length).toBeGreaterThan(10);
  const before = await fingerprint(setting.client);
  expect(await setting.init()).toEqual([]);
  expect(await fingerprint(setting.client)).toEqual(before);
});

test.for([16, 18] as const)('remove leaves nothing of ours behind (PostgreSQL %s)', async (version) => {
  await using setting = await setUp(version);
  const { client, kafka, pipeline, definition } = setting;
  const before = await fingerprint(client);
  await setting.init();
  await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [pipeline]);
  await applyRemove(client, kafka, { definition });
  expect(await fingerprint(client)).toEqual(before);
  expect(await rolesOf(client, pipeline)).toEqual([]);
  // Kafka answers before every broker has heard of it.
  const gone = async (): Promise<boolean> =>
    !(await kafka.listTopics()).some((topic) => topic.startsWith(`${pipeline}.`));
  expect(
    (await applyRemove(client, kafka, { definition })).steps.filter(({ kind }) => kind === 'sql'),
  ).toEqual([]);
  await until(gone, { deadlineMs: 60_000, what: 'the topics to be gone' });
});

test('remove stops at what others built on the results, and changes nothing', async () => {
  await using setting = await setUp();
  const { client, kafka, definition } = setting;
  await setting.init();
  await client.query(
    'create view public.mine as select id, fraud_score from afterglow.transactions_enriched',
  );
  const before = await fingerprint(client);
  await expect(applyRemove(client, kafka, { definition })).rejects.toMatchObject({
    code: 'others_depend',
    message: expect.stringContaining('view mine'),
  });
  expect(await fingerprint(client)).toEqual(before);
});

test('an application publication of the same name is fitted to the sources, and keeps what already fits', async () => {
  await using setting = await setUp();
  const { client, pipeline } = setting;
  await client.query(`create table other (id int primary key);
    create publication ${pipeline} for table reviews, other with (publish = 'insert')`);
  const oid = async (): Promise<unknown> =>
    (await client.query("select oid from pg_publication_rel where prrelid = 'reviews'::regclass")).rows;
  const before = await oid();
  await setting.init();
  expect(await oid()).toEqual(before);
  const { rows } = await client.query(
    'select tablename, pubtruncate, pubviaroot from pg_publication_tables t join pg_publication p using (pubname) where pubname = $1 order by 1',
    [pipeline],
  );
  expect(rows).toEqual([
    { tablename: 'reviews', pubtruncate: true, pubviaroot: true },
    { tablename: 'transactions', pubtruncate: true, pubviaroot: true },
  ]);
});

test('a revision is made for what changes results only, and going back makes another', async () => {
  await using setting = await setUp();
  const { client, pipeline } = setting;
  const revision = async (changes: Changes): Promise<number> => {
    return await registeredRevision(client, definitionOf(pipeline, changes), 'fraud');
  };
  await setting.init();
  expect(await revision({})).toBe(1);
  expect(await setting.init({ rows: 50 })).toEqual([]);
  expect(await setting.init({ version: '2' })).toEqual(['revision 2 of fraud']);
  await expect(revision({})).rejects.toMatchObject({ code: 'revision_unregistered' });
  await setting.init();
  expect(await revision({})).toBe(3);
});

test('a service learns whether its database is set up for its definition', async () => {
  await using setting = await setUp();
  const { client, definition, pipeline } = setting;
  await expect(verifyRegistered(client, definition)).rejects.toMatchObject({
    code: 'database_not_initialised',
  });
  await setting.init({}, { createdByAfterglow: true });
  expect(await verifyRegistered(client, definition)).toEqual({
    pipeline,
    createdByAfterglow: true,
    revisions: new Map([
      ['fraud', 1],
      ['sentiment', 1],
    ]),
  });
  await expect(verifyRegistered(client, definitionOf(pipeline, { version: '2' }))).rejects.toMatchObject({
    code: 'revision_unregistered',
  });
  await expect(verifyRegistered(client, { ...definition, pipeline: 'other' })).rejects.toMatchObject({
    code: 'database_not_initialised',
  });
  // As it was before the newest migration: every service says what to run, and fails at no missing table.
  const { rows } = await client.query<{ name: string }>(
    `delete from afterglow_internal.migrations where version = (select max(version) from afterglow_internal.migrations) returning name`,
  );
  const behind = {
    code: 'database_not_initialised',
    message: expect.stringContaining(`${rows[0]?.name} is missing`),
    remedy: 'Run `afterglow init`.',
  };
  await expect(verifyRegistered(client, definition)).rejects.toMatchObject(behind);
  await expect(registeredRevision(client, definition, 'fraud')).rejects.toMatchObject(behind);
});

test('topics are made as the contracts say, and a partition count is fixed', async () => {
  await using setting = await setUp();
  const { kafka, pipeline } = setting;
  await setting.init();
  const [enriched, dead, cdc] = await kafka.describeTopics([
    `${pipeline}.enriched.fraud`,
    `${pipeline}.dead.fraud`,
    `${pipeline}.cdc.public.transactions`,
  ]);
  const week = String(7 * 86_400_000);
  expect(enriched).toMatchObject({
    partitions: 2,
    settings: { 'cleanup.policy': 'compact', 'delete.retention.ms': week, 'min.compaction.lag.ms': week },
  });
  expect(cdc).toMatchObject({ partitions: 2, settings: { 'retention.ms': week } });
  expect(dead?.settings['max.message.bytes']).toBe(String(2 * Number(cdc?.settings['max.message.bytes'])));
  await expect(setting.init({ partitions: 3 })).rejects.toMatchObject({ code: 'partitions_fixed' });
});

test('two inits of one database at the same time: one does the work, the other finds it done', async () => {
  await using setting = await setUp();
  const { database, kafka, definition } = setting;
  const others = await Promise.all(
    [1, 2].map(() => connectDatabase({ url: database.url, applicationName: 'racing-init' })),
  );
  try {
    const plans = await Promise.all(others.map((client) => applyInit(client, kafka, { definition })));
    expect(plans.map(({ steps }) => steps.length > 0).toSorted()).toEqual([false, true]);
  } finally {
    await Promise.all(others.map((client) => client.end()));
  }
});

test('when Kafka breaks off, the database is as it was', async () => {
  await using setting = await setUp();
  const { client, kafka, definition } = setting;
  const before = await fingerprint(client);
  const broken: KafkaAdmin = { ...kafka, createTopics: () => Promise.reject(new Error('gone')) };
  await expect(applyInit(client, broken, { definition })).rejects.toThrow('gone');
  expect(await fingerprint(client)).toEqual(before);
});

test('what --print-sql prints does what init does', async () => {
  await using printed = await setUp();
  await using applied = await setUp();
  const { definition, kafka } = applied;
  await applyInit(applied.client, kafka, { definition });
  const plan = await previewInit(printed.client, kafka, { definition });
  await printed.client.query(printSql(plan));
  expect(await fingerprint(printed.client)).toEqual(await fingerprint(applied.client));
  expect((await previewInit(printed.client, kafka, { definition })).steps).toEqual([]);
  await applyRemove(printed.client, kafka, { definition });
});

/** The order of `code` is not the database's. */
const COLLATED = `
  create table transactions (id bigint primary key, amount numeric, card_last4 char(4));
  create table reviews (code text collate "C" primary key, body text collate "POSIX");
  create index on reviews (body);
  set enable_seqscan = off; set enable_bitmapscan = off`;

test('a column keeps its collation: indexes of source and side tables find a row, also after init has mended those', async () => {
  await using setting = await setUp(18, COLLATED);
  const { client } = setting;
  const lookedUp = async (column: string): Promise<unknown> => {
    const { rows } = await client.query<Record<string, string>>(
      `explain select * from afterglow.reviews_enriched where ${column} = 'a'`,
    );
    return rows.flatMap((row) => /Index Cond: \((\w+) = /.exec(row['QUERY PLAN'] ?? '')?.[1] ?? []);
  };
  await setting.init();
  expect(await lookedUp('code')).toEqual(['code', 'key_code', 'code']);
  expect(await lookedUp('body')).toContain('body');
  // As if the source's column had got it afterwards.
  for (const column of [
    'afterglow_internal.state_sentiment alter key_code',
    'afterglow.sentiment alter code',
  ])
    await client.query(`alter table ${column} type text collate "default"`);
  expect(await lookedUp('code')).not.toContain('key_code');
  expect(await setting.init()).toContain('side tables of sentiment');
  expect(await lookedUp('code')).toEqual(['code', 'key_code', 'code']);
  expect(await setting.init()).toEqual([]);
});
