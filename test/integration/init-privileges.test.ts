import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { applyInit, applyRemove, previewInit } from '../../services/cli/init/apply.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import { verifyRegistered } from '../../shared/side-tables/revisions.ts';
import { writerStatements } from '../../shared/side-tables/statements.ts';
import { readWrittenStretches } from '../../shared/side-tables/written-outcomes.ts';
import { rolesOf, setUp } from '../support/initialised.ts';

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
    await client.query(
      `revoke create on database ${database.name} from ${owner}; alter role ${owner} nocreaterole`,
    );
    expect(await previewInit(theirs, kafka, { definition })).toEqual({ steps: [], notes: [], lacks: [] });
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
      await readWrittenStretches(client, new Map([['a', 'b']]));
      await expect(client.query('delete from afterglow_internal.written_outcomes')).rejects.toMatchObject(
        refused,
      );
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
      for (const statement of Object.values(statements)) {
        if (statement !== undefined) await client.query(`prepare each as ${statement.text}; deallocate each`);
      }
      await client.query(statements.lockFence);
      await expect(client.query('select from transactions')).rejects.toMatchObject(refused);
      await expect(client.query('truncate afterglow.fraud')).rejects.toMatchObject(refused);
    });
  },
);

test('whoever casts keys may use the schema that their type is in', async () => {
  await using setting = await setUp(
    18,
    `create schema kinds; create type kinds.product as enum ('lamp');
     create table transactions (id bigint primary key, amount numeric(12,2) not null, card_last4 char(4) not null);
     create table reviews (product kinds.product, number integer, body text not null, primary key (product, number))`,
  );
  const { database, pipeline } = setting;
  const password = 'of-the-services';
  await setting.init({}, { loginPasswords: { reader: password, enricher: password, writer: password } });
  for (const role of ['reader', 'enricher', 'writer']) {
    const url = new URL(database.url);
    url.username = `${pipeline}_${role}`;
    url.password = password;
    const client = await connectDatabase({ url: url.href, applicationName: role });
    try {
      const { rows } = await client.query("select 'lamp'::kinds.product::text as product");
      expect(rows).toEqual([{ product: 'lamp' }]);
    } finally {
      await client.end();
    }
  }
});

test('with pgvector in a schema that not everyone may use, the writer writes vectors and the viewer finds what is like them', async () => {
  await using setting = await setUp();
  const { client, database, pipeline } = setting;
  await client.query('create schema extensions; create extension vector schema extensions');
  const password = 'of-the-services';
  const more = `  embedding:
    from: reviews
    model: { kind: titan-embedding, dimensions: 256 }
    input: [body]`;
  await setting.init({ more }, { loginPasswords: { writer: password, viewer: password } });
  expect(await setting.init({ more })).toEqual([]);
  const connect = (role: string): Promise<DatabaseClient> => {
    const url = new URL(database.url);
    url.username = `${pipeline}_${role}`;
    url.password = password;
    return connectDatabase({ url: url.href, applicationName: role });
  };
  const vector = `array_fill(1::real, array[256])::extensions.halfvec`;
  await using cleanup = new AsyncDisposableStack();
  const writer = await connect('writer');
  cleanup.defer(() => writer.end());
  const statements = writerStatements(await readEnrichmentTables(writer, 'embedding'));
  for (const statement of Object.values(statements)) {
    if (statement !== undefined) await writer.query(`prepare each as ${statement.text}; deallocate each`);
  }
  await writer.query(
    `insert into afterglow.embedding (product, number, chunk, chunk_start, chunk_end, tokens, embedding, scored_at, cost_nano_usd)
     values ('lamp', 1, 0, 0, 9, 2, ${vector}, now(), 0)`,
  );
  const viewer = await connect('viewer');
  cleanup.defer(() => viewer.end());
  const { rows } = await viewer.query(`select key from afterglow.similar('embedding', ${vector})`);
  expect(rows).toHaveLength(1);
});
