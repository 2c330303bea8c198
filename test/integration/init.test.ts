import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { applyInit, applyRemove, previewInit } from '../../services/cli/init/apply.ts';
import { printSql } from '../../services/cli/init/step.ts';
import type { KafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import { registeredRevision, verifyRegistered } from '../../shared/side-tables/revisions.ts';
import { writerStatements } from '../../shared/side-tables/statements.ts';
import { type Changes, definitionOf, setUp } from '../support/initialised.ts';
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

const rolesOf = async (client: DatabaseClient, pipeline: string): Promise<unknown[]> =>
  (await client.query('select rolname from pg_roles where starts_with(rolname, $1)', [`${pipeline}_`])).rows;

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
  await until(gone, { deadlineMs: 10_000, what: 'the topics to be gone' });
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

test('an owner without superuser rights sets up; what is missing is listed with what to run', async () => {
  await using setting = await setUp();
  const { client, kafka, database, pipeline, definition } = setting;
  const owner = `${pipeline}_owner`;
  await client.query(`create role ${owner} login password 'secret'`);
  const url = new URL(database.url);
  url.username = owner;
  url.password = 'secret';
  const theirs = await connectDatabase({ url: url.href, applicationName: 'owner' });
  try {
    const attempt = applyInit(theirs, kafka, { definition });
    await expect(attempt).rejects.toMatchObject({ code: 'privileges_missing' });
    const error = (await attempt.catch((thrown: unknown) => thrown)) as Error;
    for (const run of [
      `grant create on database "${database.name}" to "${owner}"`,
      `create role "${pipeline}_reader" nologin`,
      `alter table "public"."transactions" owner to "${owner}"`,
      `alter table "public"."reviews" owner to "${owner}"`,
    ]) {
      expect(error.message).toContain(run);
    }
    // What is listed is enough, and all of it is needed: it is run as it stands there.
    for (const run of error.message.split('\n').filter((line) => line.endsWith(';'))) await client.query(run);
    expect((await applyInit(theirs, kafka, { definition })).steps.length).toBeGreaterThan(10);
    expect((await applyInit(theirs, kafka, { definition })).steps).toEqual([]);
    await applyRemove(theirs, kafka, { definition });
  } finally {
    await theirs.end();
    await client.query(`drop owned by ${owner} cascade; drop role ${owner}`);
  }
});

test('an excluded column is neither published nor readable for the services', async () => {
  await using setting = await setUp();
  const { client, pipeline } = setting;
  const hidden = async (): Promise<unknown> =>
    (
      await client.query(
        `select 'card_last4' = any(attnames) as published, has_column_privilege($1, 'transactions', 'card_last4', 'SELECT') as readable,
                has_column_privilege($1, 'transactions', 'amount', 'SELECT') as other_readable
           from pg_publication_tables where pubname = $2 and tablename = 'transactions'`,
        [`${pipeline}_reader`, pipeline],
      )
    ).rows[0];
  await setting.init({ exclude: '[]' });
  expect(await hidden()).toEqual({ published: true, readable: true, other_readable: true });
  expect(await setting.init()).toEqual([`publication ${pipeline}`, 'privileges taken back', 'privileges']);
  expect(await hidden()).toEqual({ published: false, readable: false, other_readable: true });
  expect(await setting.init()).toEqual([]);
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
    const enrichment = definitionOf(pipeline, changes).enrichments.fraud;
    if (enrichment === undefined) throw new Error('no fraud');
    return await registeredRevision(client, 'fraud', enrichment);
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

test('two databases of one server with the same pipeline name share its roles, also when set up at once', async () => {
  await using first = await setUp();
  await using second = await setUp();
  const { definition, kafka, pipeline } = first;
  await Promise.all([
    applyInit(first.client, kafka, { definition }),
    applyInit(second.client, kafka, { definition }),
  ]);
  expect(await rolesOf(first.client, pipeline)).toHaveLength(4);
  await applyRemove(first.client, kafka, { definition });
  expect(await rolesOf(first.client, pipeline)).toHaveLength(4);
  await applyRemove(second.client, kafka, { definition });
  expect(await rolesOf(first.client, pipeline)).toEqual([]);
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

test('each service gets a login of its own whose password the server never sees', async () => {
  await using setting = await setUp();
  const { database, pipeline, client } = setting;
  const password = createHash('sha256').update(pipeline).digest('hex');
  await setting.init({}, { loginPasswords: { reader: password, writer: password } });
  const url = new URL(database.url);
  url.username = `${pipeline}_writer`;
  url.password = password;
  const writer = await connectDatabase({ url: url.href, applicationName: 'writer' });
  try {
    await expect(writer.query('select * from public.transactions')).rejects.toMatchObject({ code: '42501' });
    await expect(writer.query('delete from public.transactions')).rejects.toMatchObject({ code: '42501' });
    await writer.query('delete from afterglow.fraud');
    await writer.query('select from afterglow_internal.truncate_fences for share');
  } finally {
    await writer.end();
  }
  const { rows } = await client.query(
    'select rolname, rolcanlogin, rolreplication from pg_roles where rolname = any($1) order by 1',
    [[`${pipeline}_reader`, `${pipeline}_viewer`]],
  );
  expect(rows).toEqual([
    { rolname: `${pipeline}_reader`, rolcanlogin: true, rolreplication: true },
    { rolname: `${pipeline}_viewer`, rolcanlogin: false, rolreplication: false },
  ]);
});

test.for([16, 18] as const)(
  'each service may do its work under its own login, and no more (PostgreSQL %s)',
  async (version) => {
    await using setting = await setUp(version);
    const { database, pipeline } = setting;
    const password = 'of-the-services';
    await setting.init({}, { loginPasswords: { reader: password, enricher: password, writer: password } });
    const as = async (role: string, work: (client: DatabaseClient) => Promise<unknown>): Promise<void> => {
      const url = new URL(database.url);
      url.username = `${pipeline}_${role}`;
      url.password = password;
      const client = await connectDatabase({ url: url.href, applicationName: role });
      try {
        await work(client);
      } finally {
        await client.end();
      }
    };
    const refused = { code: '42501' };
    await as('reader', async (client) => {
      await verifyRegistered(client, setting.definition);
      await client.query(
        'select system_identifier, timeline_id from pg_control_system(), pg_control_checkpoint()',
      );
      await client.query("select pg_logical_emit_message(true, 'afterglow.heartbeat', '')");
      await client.query(`insert into afterglow_internal.positions (pipeline, epoch, system_id, timeline, lsn) values ('p', 1, '1', 1, '0/1')
      on conflict (pipeline) do update set lsn = excluded.lsn`);
      await client.query('select id, amount from transactions');
      await expect(client.query('select card_last4 from transactions')).rejects.toMatchObject(refused);
      await expect(client.query('select from afterglow.fraud')).rejects.toMatchObject(refused);
      await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [pipeline]);
      await client.query('select pg_drop_replication_slot($1)', [pipeline]);
    });
    await as('enricher', async (client) => {
      await verifyRegistered(client, setting.definition);
      await client.query('select id, amount, pg_current_snapshot() from transactions');
      await client.query(
        'select input_hash from afterglow_internal.state_fraud join afterglow.fraud on key_id = id',
      );
      await expect(client.query('update afterglow.fraud set score = 1')).rejects.toMatchObject(refused);
      await expect(client.query('update transactions set amount = 1')).rejects.toMatchObject(refused);
      await expect(client.query('delete from afterglow_internal.revisions')).rejects.toMatchObject(refused);
    });
    await as('writer', async (client) => {
      await verifyRegistered(client, setting.definition);
      const tables = await readEnrichmentTables(client, 'fraud');
      const statements = writerStatements(tables);
      for (const { text } of Object.values(statements))
        await client.query(`prepare each as ${text}; deallocate each`);
      await client.query(statements.lockFence);
      await expect(client.query('select from transactions')).rejects.toMatchObject(refused);
      await expect(client.query('truncate afterglow.fraud')).rejects.toMatchObject(refused);
    });
  },
);
