// The view of a source after the application has changed its table: the writer has it mended, without rights of its own.
import { expect, test } from 'vitest';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { mendView } from '../../shared/side-tables/view-mending.ts';
import { type InitSetting, setUp } from '../support/initialised.ts';
import { until } from '../support/wait.ts';
import { createWriting } from '../support/writing.ts';

const VIEW = 'afterglow.transactions_enriched';

const row = async (client: DatabaseClient, query: string): Promise<unknown> =>
  (await client.query(query)).rows[0];

test.for([16, 18] as const)(
  'the writer has a view mended after ALTER and DROP COLUMN just as init would (PostgreSQL %s)',
  async (version) => {
    await using setting = await setUp(version);
    const { client, pipeline } = setting;
    await client.query("insert into transactions (kind, amount, card_last4) values ('purchase', 1, '1234')");
    await setting.init({}, { loginPasswords: { writer: 'of-the-writer', viewer: 'of-the-viewer' } });
    const writer = await as(setting, 'writer', 'of-the-writer');
    const viewer = await as(setting, 'viewer', 'of-the-viewer');
    try {
      expect(await mendView(writer, 'reviews')).toBe(false);
      // Nothing stands in the way on a source without excluded columns.
      await client.query(`insert into reviews values ('lamp', 1, 'bright');
        alter table reviews add column stars integer default 5, add column seen date default '2026-11-20'`);
      await setting.init();
      await client.query(`alter table reviews drop column stars;
        alter table reviews alter column seen type timestamptz; alter table reviews alter column body type varchar(80)`);
      await expect(client.query('select * from afterglow.reviews_enriched')).rejects.toThrow();
      expect(await mendView(writer, 'reviews')).toBe(true);
      expect(await mendView(writer, 'reviews')).toBe(false);
      expect(await row(client, 'select * from afterglow.reviews_enriched')).toMatchObject({
        product: 'lamp',
        body: 'bright',
        stars: null,
        seen: '2026-11-20',
        sentiment_status: 'pending',
      });
      // The documented transaction, for a source with a list of columns.
      await client.query(`begin;
        alter publication ${pipeline} set table reviews, transactions (id, kind, occurred_at);
        alter table transactions drop column note;
        alter table transactions alter column amount type text;
        alter publication ${pipeline} set table reviews, transactions (id, kind, amount, occurred_at);
        commit`);
      expect(await mendView(writer, 'transactions')).toBe(true);
      expect(await row(client, `select note, amount from ${VIEW} where id = 1`)).toEqual({
        note: null,
        amount: '1.00',
      });
      // What init finds is what it would have made.
      expect(await setting.init()).toEqual([]);
      for (const [who, statement] of [
        [viewer, 'select afterglow_internal.reviews_enriched_mend()'],
        [writer, 'create function afterglow_internal.mine() returns int language sql as $$ select 1 $$'],
        [writer, 'alter function afterglow_internal.reviews_enriched_2() security definer'],
      ] as const) {
        await expect(who.query(statement)).rejects.toMatchObject({ code: '42501' });
      }
    } finally {
      await writer.end();
      await viewer.end();
    }
  },
);

test('a type that another takes the place of is cast back until it is dropped with the view, and init makes that anew', async () => {
  await using setting = await setUp();
  const { client, pipeline } = setting;
  const shown =
    'select pg_typeof(mood)::text as type, mood, sentiment_status from afterglow.reviews_enriched';
  await client.query(`create type public.mood as enum ('good', 'bad'); alter table reviews add column mood public.mood;
    insert into reviews values ('lamp', 1, 'bright', 'good')`);
  await setting.init();
  await client.query(`alter type public.mood rename to old_mood; create type public.mood as enum ('good', 'bad', 'none');
    alter table reviews alter column mood type public.mood using mood::text::public.mood`);
  await expect(client.query(shown)).rejects.toThrow();
  expect(await mendView(client, 'reviews')).toBe(true);
  expect(await mendView(client, 'reviews')).toBe(false);
  expect(await row(client, shown)).toEqual({ type: 'old_mood', mood: 'good', sentiment_status: 'pending' });
  expect(await setting.init()).toEqual([]);
  await expect(client.query('drop type old_mood')).rejects.toMatchObject({ code: '2BP01' });
  await client.query(`begin; drop view afterglow.reviews_enriched; drop function afterglow_internal.reviews_enriched_1();
    drop type old_mood; commit`);
  expect(await mendView(client, 'reviews')).toBe(false);
  await client.query("update reviews set mood = 'none'");
  await setting.init();
  expect(await row(client, shown)).toEqual({ type: 'mood', mood: 'none', sentiment_status: 'pending' });
  const readable = `select has_table_privilege('${pipeline}_viewer', 'afterglow.reviews_enriched', 'select') as readable`;
  expect(await row(client, readable)).toEqual({ readable: true });
  expect(await setting.init()).toEqual([]);
});

async function as(
  { database, pipeline }: InitSetting,
  role: string,
  password: string,
): Promise<DatabaseClient> {
  const url = new URL(database.url);
  url.username = `${pipeline}_${role}`;
  url.password = password;
  return await connectDatabase({ url: url.href, applicationName: role });
}

test('while the writer runs, a view goes on working after the application has changed its table', async () => {
  await using writing = await createWriting();
  const { client } = writing;
  await client.query('insert into payments (id) values (1)');
  await using _writer = writing.start();
  await client.query(
    'alter table payments drop column note; alter table payments alter column amount type bigint',
  );
  const shown = async (): Promise<unknown> => {
    try {
      return (await client.query('select amount, note, fraud_status from afterglow.payments_enriched')).rows;
    } catch {
      return undefined;
    }
  };
  const rows = await until(shown, { deadlineMs: 120_000, what: 'the view to be mended' });
  expect(rows).toEqual([{ amount: '1', note: null, fraud_status: 'pending' }]);
});
