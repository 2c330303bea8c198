import { expect, test } from 'vitest';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { mendView } from '../../shared/side-tables/view-mending.ts';
import { type InitSetting, setUp } from '../support/initialised.ts';

/** Results as the writer leaves them, for 2,000 of 4,000 transactions. */
const ROWS = `
  insert into transactions (kind, amount, card_last4) select 'purchase', n, '1234' from generate_series(1, 4000) n;
  insert into afterglow_internal.state_fraud (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at)
    select n, 1, '0/1', n, 1, case n % 100 when 0 then 'skipped' else 'scored' end, now(), now() from generate_series(1, 2000) n;
  insert into afterglow.fraud (id, score, flagged, decision, scored_at, cost_nano_usd)
    select n, n / 2000.0, n > 1990, 'accept', now(), 0 from generate_series(1, 2000) n where n % 100 <> 0;
  analyze`;

async function plan(client: DatabaseClient, query: string): Promise<string> {
  const { rows } = await client.query<Record<string, string>>(`explain (costs off) ${query}`);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

const VIEW = 'afterglow.transactions_enriched';

async function viewColumns(client: DatabaseClient): Promise<readonly string[]> {
  const { fields } = await client.query(`select * from ${VIEW} limit 0`);
  return fields.map(({ name }) => name);
}

const row = async (client: DatabaseClient, query: string): Promise<unknown> =>
  (await client.query(query)).rows[0];

async function filled(version: 16 | 18 = 18): Promise<InitSetting> {
  const setting = await setUp(version);
  try {
    await setting.init();
    await setting.client.query(ROWS);
    return setting;
  } catch (error) {
    await setting[Symbol.asyncDispose]();
    throw error;
  }
}

test.for([16, 18] as const)(
  'the view is planned as if it had been written out: indexes of source and results are used (PostgreSQL %s)',
  async (version) => {
    await using setting = await filled(version);
    const { client } = setting;
    const byKey = await plan(client, `select * from ${VIEW} where id = 42`);
    expect(byKey).toContain('Index Scan using transactions_pkey');
    expect(byKey).toContain('Index Scan using "fraud-key"');
    expect(byKey).not.toContain('Function Scan');
    const newest = `select id from ${VIEW} where fraud_flagged order by fraud_scored_at desc limit 10`;
    expect(await plan(client, newest)).toContain('using "fraud-flagged"');
    const ranked = `select id from ${VIEW} where fraud_score is not null order by fraud_score desc limit 10`;
    expect(await plan(client, ranked)).toContain('Index Scan Backward using "fraud-ranked"');
  },
);

test('a row shows its result, or why it has none', async () => {
  await using setting = await filled();
  const { client } = setting;
  expect(await viewColumns(client)).toEqual([
    'id',
    'kind',
    'amount',
    'card_last4',
    'note',
    'occurred_at',
    'fraud_status',
    'fraud_score',
    'fraud_flagged',
    'fraud_decision',
    'fraud_scored_at',
  ]);
  const shown = (id: number): Promise<unknown> =>
    row(
      client,
      `select fraud_status as status, fraud_score as score, fraud_decision as decision from ${VIEW} where id = ${id}`,
    );
  expect(await shown(1000 + 1)).toEqual({ status: 'scored', score: '0.5005', decision: 'accept' });
  expect(await shown(100)).toEqual({ status: 'skipped', score: null, decision: null });
  expect(await shown(3000)).toEqual({ status: 'pending', score: null, decision: null });
  expect(await row(client, 'select afterglow.fraud_score(1001) as score')).toEqual({ score: '0.5005' });
});

test("the application's ALTER and DROP COLUMN go through, and init mends the view without touching what is built on it", async () => {
  await using setting = await filled();
  const { client, pipeline } = setting;
  const reader = `${pipeline}_analyst`;
  await client.query(`create role ${reader}; grant select on ${VIEW} to ${reader};
    create view public.mine as select id, note, amount, fraud_score from ${VIEW}`);
  try {
    // The documented transaction for a source with excluded columns: its list holds the columns by name.
    const withoutNote = 'id, kind, amount, occurred_at';
    await client.query(`begin;
      alter publication ${pipeline} set table reviews, transactions (${withoutNote.replace('amount, ', '')});
      alter table transactions drop column note;
      alter table transactions alter column amount type bigint using amount::bigint;
      alter table transactions add column channel text default 'web';
      alter publication ${pipeline} set table reviews, transactions (${withoutNote}, channel);
      commit`);
    await expect(client.query(`select * from ${VIEW} limit 1`)).rejects.toMatchObject({ code: '42703' });
    expect(await setting.init()).toEqual([`view ${VIEW}`, 'privileges']);
    expect(await viewColumns(client)).toContain('note');
    expect((await viewColumns(client)).at(-1)).toBe('channel');
    expect(
      await row(
        client,
        `select note, amount, channel, pg_typeof(amount)::text as type from ${VIEW} where id = 42`,
      ),
    ).toEqual({
      note: null,
      amount: '42',
      channel: 'web',
      type: 'numeric',
    });
    expect(await row(client, 'select id, note, amount from public.mine where id = 42')).toEqual({
      id: '42',
      note: null,
      amount: '42',
    });
    expect(await row(client, `select has_table_privilege('${reader}', '${VIEW}', 'SELECT') as may`)).toEqual({
      may: true,
    });
    expect(await setting.init()).toEqual([]);
  } finally {
    await client.query(`drop view public.mine; drop owned by ${reader}; drop role ${reader}`);
  }
});

test('a type without a cast back to the old one goes by way of text', async () => {
  await using setting = await filled();
  const { client } = setting;
  await client.query(
    `alter table reviews add column stars integer; insert into reviews values ('a', 1, 'good', 5)`,
  );
  await setting.init();
  await client.query('alter table reviews alter column stars type uuid using null');
  expect(await setting.init()).toEqual(['view afterglow.reviews_enriched']);
  expect(await row(client, 'select product, stars from afterglow.reviews_enriched')).toEqual({
    product: 'a',
    stars: null,
  });
});

test('a new output, a new key type and a new enrichment reach the tables and the view', async () => {
  await using setting = await filled();
  const { client } = setting;
  expect(await setting.init({ outputs: '{ risk: float, score: float }' })).toEqual([
    'side tables of fraud',
    `view ${VIEW}`,
    'function of fraud',
    'revision 2 of fraud',
  ]);
  expect((await viewColumns(client)).at(-1)).toBe('fraud_risk');
  expect(await row(client, 'select afterglow.fraud_risk(1001) as risk')).toEqual({ risk: null });
  await client.query('alter table reviews alter column number type bigint');
  expect(await setting.init({ outputs: '{ risk: float, score: float }' })).toEqual([
    'side tables of sentiment',
    'view afterglow.reviews_enriched',
    'function of sentiment',
  ]);
  expect(await row(client, "select afterglow.sentiment_label('a', 3000000000) as label")).toEqual({
    label: null,
  });
});

test('the viewer role reads results, and rows only as far as the source lets it', async () => {
  await using setting = await filled();
  const { client, database, pipeline } = setting;
  const viewer = `${pipeline}_viewer`;
  await setting.init({}, { loginPasswords: { viewer: 'viewer-secret' } });
  const url = new URL(database.url);
  url.username = viewer;
  url.password = 'viewer-secret';
  const theirs = await connectDatabase({ url: url.href, applicationName: 'viewer' });
  try {
    await theirs.query('select * from afterglow.fraud limit 1');
    await expect(theirs.query('delete from afterglow.fraud')).rejects.toMatchObject({ code: '42501' });
    await expect(theirs.query(`select * from ${VIEW}`)).rejects.toMatchObject({ code: '42501' });
    await client.query(`grant select on transactions to ${viewer}; alter table transactions enable row level security;
      create policy few on transactions for select to ${viewer} using (id <= 5)`);
    expect(await row(theirs, `select count(*) from ${VIEW}`)).toEqual({ count: '5' });
  } finally {
    await theirs.end();
  }
});

test("row level security of the source covers the view alone: the viewer role reads every row's key, outcome, score and likeness", async () => {
  await using setting = await filled();
  const { client, database, pipeline } = setting;
  const viewer = `${pipeline}_viewer`;
  const more = `  embedding:
    from: reviews
    model: { kind: titan-embedding, dimensions: 256 }
    input: [body]`;
  await setting.init({ more }, { loginPasswords: { viewer: 'viewer-secret' } });
  await client.query(`insert into reviews values ('a', 1, 'good');
    insert into afterglow_internal.state_embedding (key_product, key_number, epoch, commit_lsn, event_index, revision, status, as_of, committed_at)
      values ('a', 1, 1, '0/1', 1, 1, 'scored', now(), now());
    insert into afterglow.embedding (product, number, chunk, chunk_start, chunk_end, tokens, embedding, scored_at, cost_nano_usd)
      select 'a', 1, 0, 0, 4, 1, array_fill(1::float4, array[256])::halfvec(256), now(), 0;
    grant select on transactions, reviews to ${viewer};
    alter table transactions enable row level security;
    alter table reviews enable row level security`);
  const url = new URL(database.url);
  url.username = viewer;
  url.password = 'viewer-secret';
  const theirs = await connectDatabase({ url: url.href, applicationName: 'viewer' });
  try {
    expect(await row(theirs, `select count(*) from ${VIEW}`)).toEqual({ count: '0' });
    expect(await row(theirs, 'select count(*) from afterglow.reviews_enriched')).toEqual({ count: '0' });
    expect(await row(theirs, 'select count(*) from afterglow.fraud')).toEqual({ count: '1980' });
    expect(await row(theirs, 'select count(key_id) from afterglow_internal.state_fraud')).toEqual({
      count: '2000',
    });
    expect(await row(theirs, 'select afterglow.fraud_score(1001) as score')).toEqual({ score: '0.5005' });
    const alike = `select key->>'product' as product from afterglow.similar('embedding', array_fill(1::float4, array[256])::vector, 1, 0.5)`;
    expect(await row(theirs, alike)).toEqual({ product: 'a' });
  } finally {
    await theirs.end();
  }
});

test('a table with many columns of odd names and types becomes a view like any other', async () => {
  const columns = Array.from({ length: 150 }, (_, index) => `"c ${index} ""$afterglow$"" é" numeric(10,2)`);
  await using setting = await setUp(
    18,
    `create schema "Shop"; create type "Shop"."Size" as enum ('s', 'm');
     create domain "Shop".code as varchar(8) check (value <> '');
     create table transactions (id "Shop".code primary key, card_last4 bit varying(9), size "Shop"."Size", sizes "Shop"."Size"[], t timestamp(3) with time zone[],
       fixed char(3), "Quoted ""id""" text, ${columns.join(', ')}, amount real);
     create table reviews (product text, number integer, body text not null, primary key (product, number))`,
  );
  await setting.init();
  expect(await setting.init()).toEqual([]);
  await setting.client.query(
    `insert into transactions (id, size, sizes, fixed) values ('x', 's', '{s,m}', 'ab')`,
  );
  expect(
    await row(
      setting.client,
      `select id, size, sizes::text, fixed, fraud_status from ${VIEW} where id = 'x'`,
    ),
  ).toEqual({ id: 'x', size: 's', sizes: '{s,m}', fixed: 'ab ', fraud_status: 'pending' });
  expect(await plan(setting.client, `select * from ${VIEW} where id = 'x'`)).not.toContain('Function Scan');
  await setting.client.query(`alter publication ${setting.pipeline} drop table transactions;
    alter table transactions drop column "c 3 ""$afterglow$"" é"; alter table transactions alter column size type text;
    alter table transactions alter column "c 4 ""$afterglow$"" é" type text; alter publication ${setting.pipeline} add table transactions`);
  expect(await mendView(setting.client, 'transactions')).toBe(true);
  expect(await row(setting.client, `select size, fraud_status from ${VIEW} where id = 'x'`)).toEqual({
    size: 's',
    fraud_status: 'pending',
  });
  expect(await setting.init()).not.toContain(`view ${VIEW}`);
});

test('vectors have an index for likeness, and are not shown in the view', async () => {
  await using setting = await filled();
  const { client } = setting;
  const more = `  embedding:
    from: reviews
    model: { kind: titan-embedding, dimensions: 256 }
    input: [body]`;
  await setting.init({ more });
  expect(await setting.init({ more })).toEqual([]);
  const { fields } = await client.query('select * from afterglow.reviews_enriched limit 0');
  expect(fields.map(({ name }) => name).filter((name) => name.startsWith('embedding_'))).toEqual([
    'embedding_status',
    'embedding_scored_at',
  ]);
  const { rows } = await client.query(
    "select indexdef from pg_indexes where indexname = 'embedding-similar'",
  );
  expect(rows).toEqual([{ indexdef: expect.stringContaining('hnsw (embedding halfvec_cosine_ops)') }]);
});
