// What the side tables refuse: a row by itself, every row, or only for now.
import { expect, test } from 'vitest';
import { deadTopic, enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { embedded, scored, skipped, truncated } from '../support/side-tables.ts';
import { brokers } from '../support/stack.ts';
import { topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';
import { BOTH, createWriting, type RunningWriter, type TestWriting } from '../support/writing.ts';

const DEADLINE_MS = 60_000;
const ROWS = 120;
const IN_A_ROW_MAX = 100;
const VECTOR = Array.from({ length: 256 }, () => 1);

const outcomes = (count: number) => Array.from({ length: count }, (_, id) => scored(String(id), 5, 0.5));

async function statuses({ client }: TestWriting): Promise<unknown> {
  const { rows } = await client.query(
    'select status, count(*)::int4 as count from afterglow_internal.state_fraud group by 1 order by 1',
  );
  return rows;
}

async function refused({ registry }: RunningWriter): Promise<unknown> {
  const found = await registry.getSingleMetric('afterglow_writer_refused_total')?.get();
  return found?.values.map(({ labels, value }) => ({ ...labels, value }));
}

async function paused({ registry }: RunningWriter): Promise<unknown> {
  return (await registry.getSingleMetric('afterglow_writer_paused')?.get())?.values[0]?.value;
}

const says = ({ readiness }: RunningWriter, words: string): Promise<unknown> =>
  until(() => JSON.stringify(readiness.missing).includes(words), { deadlineMs: DEADLINE_MS, what: words });

test('tables that refuse every result stop their enrichment alone after a hundred, by name, and once mended all rows are written', async () => {
  await using writing = await createWriting(BOTH);
  const { client, definition } = writing;
  await client.query('alter table afterglow.fraud add constraint nothing check (score < 0)');
  await using writer = writing.start();
  // What has no result is taken all the while.
  await writing.publish(outcomes(ROWS).flatMap((outcome, id) => [outcome, skipped(`${ROWS + id}`, 5)]));
  await says(writer, 'every_row_refused');
  await writing.publish([embedded(5, [VECTOR])], 'embedding');
  await until(async () => (await client.query('select from afterglow.embedding')).rowCount === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the vectors of the other enrichment',
  });
  const held = enrichedTopic(definition.pipeline, 'fraud');
  await until(() => Object.keys(writer.readiness.missing).join() === held, {
    deadlineMs: DEADLINE_MS,
    what: 'nothing but the refused enrichment to wait',
  });
  expect(await refused(writer)).toEqual([{ enrichment: 'fraud', sqlstate: '23514', value: IN_A_ROW_MAX }]);
  await client.query('alter table afterglow.fraud drop constraint nothing');
  await writing.caughtUp();
  expect(await statuses(writing)).toEqual([
    { status: 'scored', count: ROWS },
    { status: 'skipped', count: ROWS },
  ]);
});

test('a right, a table or a column that is missing stops its enrichment alone, by what to do, and it goes on by itself', async () => {
  await using writing = await createWriting(BOTH);
  const { client, database, definition } = writing;
  const role = `${definition.pipeline}_writer`;
  const held = enrichedTopic(definition.pipeline, 'fraud');
  await client.query(
    `alter role ${role} login password 'secret'; revoke insert on afterglow.fraud from ${role}`,
  );
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  await using writer = writing.start({ databaseUrl: url.href });
  const vectors = async (): Promise<number> =>
    (await client.query('select from afterglow.embedding')).rowCount ?? 0;
  const stopsAlone = async (id: number, state: string): Promise<void> => {
    await writing.publish([scored(String(id), 5, 0.5)]);
    await says(writer, `${state}: `);
    expect(writer.readiness.missing[held]).toContain('afterglow init');
    await writing.publish([embedded(5, [VECTOR], { key: { id: String(id) } })], 'embedding');
    await until(async () => (await vectors()) === id, {
      deadlineMs: DEADLINE_MS,
      what: 'the other enrichment',
    });
  };
  await stopsAlone(1, '42501');
  await client.query(`grant insert on afterglow.fraud to ${role}`);
  await writing.caughtUp();
  await client.query('alter table afterglow.fraud rename column score to other');
  await stopsAlone(2, '42703');
  await client.query('alter table afterglow.fraud rename column other to score');
  await writing.caughtUp();
  await client.query('alter table afterglow.fraud rename to away');
  await stopsAlone(3, '42P01');
  await client.query('alter table afterglow.away rename to fraud');
  await writing.caughtUp();
  expect(await statuses(writing)).toEqual([{ status: 'scored', count: 3 }]);
  expect(await refused(writer)).toEqual([]);
  // It rests behind a batch, if it has to, before it says so.
  await until(async () => (await paused(writer)) === 0, { deadlineMs: DEADLINE_MS, what: 'no pause' });
});

test('an archive that Kafka refuses is waited for, and what it was to keep is archived and failed once that is put right', async () => {
  await using writing = await createWriting();
  const { client, definition } = writing;
  const archive = deadTopic(definition.pipeline, 'fraud');
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const admin = await connectKafkaAdmin(kafka);
  await using _closing = { [Symbol.asyncDispose]: () => admin.close() };
  const takes = (bytes: number): Promise<void> =>
    admin.alterTopics([{ topic: archive, settings: { 'max.message.bytes': String(bytes) } }]);
  await takes(100);
  await client.query('alter table afterglow.fraud add constraint nothing check (score < 0)');
  await using writer = writing.start();
  await writing.publish(outcomes(1));
  await says(writer, 'MESSAGE_TOO_LARGE');
  await takes(1_048_588);
  await writing.caughtUp();
  expect(await statuses(writing)).toEqual([{ status: 'failed', count: 1 }]);
  expect(await topicSize(archive)).toBeGreaterThanOrEqual(1);
});

test('a limit of the server at the commit is waited over, and no row is failed for it', async () => {
  await using writing = await createWriting();
  const { client } = writing;
  // As a full queue of notifications says it.
  await client.query(`
    create table public.full_queue (); insert into public.full_queue default values;
    create function refuse_commit() returns trigger language plpgsql as $$ begin
      if exists (select from public.full_queue) then raise exception 'full' using errcode = '54000'; end if;
      return null; end $$;
    create constraint trigger full_queue after insert on afterglow_internal.state_fraud
      deferrable initially deferred for each row execute function refuse_commit()`);
  await using writer = writing.start();
  await writing.publish(outcomes(10));
  await says(writer, 'waiting for the database (54000)');
  await client.query('delete from public.full_queue');
  await writing.caughtUp();
  expect(await statuses(writing)).toEqual([{ status: 'scored', count: 10 }]);
  expect(await refused(writer)).toEqual([]);
});

test('a truncate takes as long as it takes, whatever time the role has for statements and transactions', async () => {
  await using writing = await createWriting();
  const { client, database } = writing;
  await client.query(`
    alter database ${database.name} set transaction_timeout = '3s';
    create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(4); return null; end $$;
    create trigger slow before delete on afterglow.fraud for each statement execute function slow()`);
  await using _writer = writing.start();
  await writing.publish(outcomes(10));
  await writing.caughtUp();
  await writing.publish([truncated(6)]);
  await writing.caughtUp();
  expect(await statuses(writing)).toEqual([{ status: 'deleted', count: 10 }]);
});
