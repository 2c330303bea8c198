// F17 and H4: the writer while its database refuses, locks, turns read-only, goes away or gets slow.
import type { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { embedded, lsn, scored } from '../support/side-tables.ts';
import { stallingFront } from '../support/stalling-front.ts';
import { until } from '../support/wait.ts';
import { createWriting, EMBEDDING, type TestWriting } from '../support/writing.ts';

const DEADLINE_MS = 120_000;

const outcomes = (count: number, at: number) =>
  Array.from({ length: count }, (_, id) => scored(String(id), at, id / count));

async function written({ client }: TestWriting, at: number): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    'select count(*) from afterglow_internal.state_fraud join afterglow.fraud on id = key_id where commit_lsn = $1',
    [lsn(at)],
  );
  return Number(rows[0]?.count);
}

async function metric(registry: Registry, name: string): Promise<number> {
  const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return values.reduce((sum, { value }) => sum + value, 0);
}

const retries = (registry: Registry): Promise<number> => metric(registry, 'afterglow_writer_retries_total');

async function becomes(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  await until(condition, { deadlineMs: DEADLINE_MS, what });
}

test.each([
  ['a full disk', '53100'],
  ['a serialization failure', '40001'],
  ['a statement that takes too long', '57014'],
])('%s: the writer waits, tells so, commits nothing, and goes on', async (_what, code) => {
  await using writing = await createWriting();
  const { client } = writing;
  await client.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'not now' using errcode = '${code}'; end $$;
    create trigger refuse before insert on afterglow_internal.state_fraud for each row execute function refuse()`);
  const writer = writing.start();
  await writing.publish(outcomes(20, 4));
  await becomes('the writer to say what it waits for', () =>
    (writer.readiness.missing.database ?? '').includes(code),
  );
  expect(await writing.lag()).toBe(20);
  await client.query('drop trigger refuse on afterglow_internal.state_fraud');
  await writing.caughtUp();
  expect(await written(writing, 4)).toBe(20);
  expect(writer.readiness.missing).toEqual({});
});

test('a deadlock with somebody else costs one try, and nobody is told', async () => {
  await using writing = await createWriting();
  const { client, database } = writing;
  // A session looks once, so long after it has begun to wait: by then the other has to wait for it.
  await client.query(`alter database ${database.name} set deadlock_timeout = '5s'`);
  await using writer = writing.start();
  await writing.publish(outcomes(2, 4));
  await writing.caughtUp();
  const other = await connectDatabase({ url: database.url, applicationName: 'other' });
  try {
    // Only the writer looks for deadlocks in time, so it is the one that is ended.
    await other.query(`set deadlock_timeout = '1min'; begin;
      select from afterglow_internal.state_fraud where key_id = 1 for update`);
    await writing.publish(outcomes(2, 5));
    await becomes('the writer to wait for the other', async () => {
      const { rows } = await client.query(
        "select from pg_stat_activity where datname = current_database() and application_name like '% writer' and wait_event_type = 'Lock'",
      );
      return rows.length > 0;
    });
    await other.query('select from afterglow_internal.state_fraud where key_id = 0 for update');
    await other.query('commit');
  } finally {
    await other.end();
  }
  await writing.caughtUp();
  expect(await written(writing, 5)).toBe(2);
  expect(await retries(writer.registry)).toBe(1);
});

test('a node that only reads: the writer looks for the one that writes, and loses nothing', async () => {
  await using writing = await createWriting();
  const { client, database } = writing;
  await using writer = writing.start();
  await writing.publish(outcomes(5, 4));
  await writing.caughtUp();
  await client.query(`alter database ${database.name} set default_transaction_read_only = on`);
  await endConnections(writing);
  await writing.publish(outcomes(50, 5));
  await becomes('the writer to meet the read-only node', () =>
    (writer.readiness.missing.database ?? '').includes('25006'),
  );
  // Only new connections are of the node that writes: one that was kept would stay read-only for ever.
  await connectedAfresh(writing, `alter database ${database.name} reset default_transaction_read_only`);
  await writing.caughtUp();
  expect(await written(writing, 5)).toBe(50);
});

/** The client of the test writes, too, whatever the database's default is by now. */
async function connectedAfresh({ database }: TestWriting, sql: string): Promise<void> {
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  await client.query(`set default_transaction_read_only = off`);
  await client.query(sql);
  await client.end();
}

async function endConnections({ client, database }: TestWriting): Promise<void> {
  await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name like '% writer'",
    [database.name],
  );
}

test('connections that are ended again and again: every outcome is written', async () => {
  await using writing = await createWriting();
  await using _writer = writing.start();
  await writing.publish(outcomes(5, 1));
  await writing.caughtUp();
  for (let round = 2; round < 12; round += 1) {
    await writing.publish(outcomes(300, round));
    await endConnections(writing);
  }
  await writing.caughtUp();
  expect(await written(writing, 11)).toBe(300);
});

test('rows that the database refuses stand alone: they are failed and archived, all others are written', async () => {
  await using writing = await createWriting(EMBEDDING);
  const { client } = writing;
  await using _writer = writing.start();
  const vector = (first: number) => Array.from({ length: 256 }, (_, place) => (place === 0 ? first : 0.5));
  // Too great for half a float, and one number short.
  const poison = new Map([
    [7, vector(1e6)],
    [31, vector(1).slice(1)],
  ]);
  await writing.publish(
    Array.from({ length: 60 }, (_, id) => ({
      ...embedded(4, [poison.get(id) ?? vector(id)]),
      key: { id: String(id) },
    })),
    'embedding',
  );
  await writing.caughtUp();
  const { rows: failed } = await client.query(
    `select key_id, failure_kind, failure_code, dead_letter_id is not null as archived
       from afterglow_internal.state_embedding where status <> 'scored' order by key_id`,
  );
  const refused = { failure_kind: 'refused_by_database', archived: true };
  expect(failed).toEqual([
    { key_id: '7', ...refused, failure_code: '22003' },
    { key_id: '31', ...refused, failure_code: '22000' },
  ]);
  const { rows } = await client.query('select count(*) from afterglow.embedding');
  expect(rows).toEqual([{ count: '58' }]);
});

test('a database that gets ten times slower gets less to do, without an error, and the backlog is worked off', async () => {
  await using writing = await createWriting();
  await using front = await stallingFront(writing.database.url);
  await using writer = writing.start({ databaseUrl: front.url });
  for (let round = 1; round <= 10; round += 1) await writing.publish(outcomes(100, round));
  await writing.caughtUp();
  const rested = () => metric(writer.registry, 'afterglow_writer_rest_seconds_total');
  const before = await rested();
  front.delay(60);
  let round = 11;
  // On a busy machine the usual is slow, too, and it takes some more to tell the difference.
  for (; round <= 30 || (round <= 90 && (await rested()) === before); round += 1) {
    await writing.publish(outcomes(100, round));
    if (round % 5 === 0) await writing.caughtUp();
  }
  expect(await rested()).toBeGreaterThan(before);
  front.delay(0);
  await writing.publish(outcomes(100, round));
  await writing.caughtUp();
  expect(await written(writing, round)).toBe(100);
  expect(await retries(writer.registry)).toBe(0);
  expect(writer.readiness.missing).toEqual({});
});
