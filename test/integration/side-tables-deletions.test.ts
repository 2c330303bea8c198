// What deletes: truncates and their fence, deletions and how long they are remembered, tombstones that stand alone.
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { applyOutcomes, buryKey } from '../../services/writer/apply.ts';
import { Archive } from '../../services/writer/archive.ts';
import { type BurialParts, bury } from '../../services/writer/bury.ts';
import { forgetDeleted } from '../../services/writer/forget-deleted.ts';
import { writerMetrics } from '../../services/writer/metrics.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { RecordProducer, TopicRecord } from '../../shared/kafka/producer.ts';
import { connectDatabase, createPool } from '../../shared/postgres/connect.ts';
import { recordConsumerGap } from '../../shared/progress/consumer-gaps.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import {
  deleted,
  FRAUD,
  lsn,
  results,
  scored,
  setUp,
  skipped,
  truncate,
  truncated,
  write,
} from '../support/side-tables.ts';

/** Longer than anything but what takes long by its nature on a busy machine. */
const STATEMENT_MAX_MS = 2_000;
const SLOW_S = 3;

test('a truncate waits for the batch that holds the fence', async () => {
  await using setting = await setUp(FRAUD);
  const { client, statements } = setting;
  await client.query('begin');
  await client.query(statements.lockFence);
  const other = await connectDatabase({
    url: setting.url,
    applicationName: 'other-writer',
  });
  try {
    await other.query("set lock_timeout = '50ms'");
    const blocked = other.query({ ...statements.raiseFence, values: [0, lsn(6), 0] });
    await expect(blocked).rejects.toMatchObject({ code: '55P03' });
    await client.query('commit');
    expect((await other.query({ ...statements.raiseFence, values: [0, lsn(6), 0] })).rowCount).toBe(1);
  } finally {
    await other.end();
  }
});

test('a truncate that was applied before still holds the fence for the rows that come with it', async () => {
  await using setting = await setUp(FRAUD);
  const { client, tables, statements } = setting;
  await truncate(setting, 6);
  await client.query('begin');
  await applyOutcomes(client, { tables, statements }, [truncated(6), scored('1', 7, 0.7)]);
  const other = await connectDatabase({ url: setting.url, applicationName: 'other-writer' });
  try {
    // Between check and commit nobody may raise the fence over what this batch writes.
    await other.query("set lock_timeout = '50ms'");
    const blocked = other.query({ ...statements.raiseFence, values: [0, lsn(8), 0] });
    await expect(blocked).rejects.toMatchObject({ code: '55P03' });
    await client.query('commit');
  } finally {
    await other.end();
  }
});

test('a truncate may take longer than any other statement, and only the truncate', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  await write(setting, [scored('1', 4, 0.4)]);
  await client.query(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(${SLOW_S}); return null; end $$;
    create trigger slow after update on afterglow_internal.state_fraud for each statement execute function slow()`);
  const impatient = await connectDatabase({
    url: setting.url,
    applicationName: 'impatient',
    statementTimeoutMs: STATEMENT_MAX_MS,
  });
  try {
    await truncate({ ...setting, client: impatient }, 6);
    await expect(impatient.query(`select pg_sleep(${SLOW_S})`)).rejects.toMatchObject({ code: '57014' });
  } finally {
    await impatient.end();
  }
  expect(await results(setting)).toEqual([]);
});

test('what a consumer has lost is recorded however long the newest outcome is looked for', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  await write(setting, [scored('1', 4, 0.4), scored('2', 5, 0.5)]);
  await client.query(`alter table afterglow_internal.state_fraud rename to large;
    create view afterglow_internal.state_fraud as select large.* from afterglow_internal.large, pg_sleep(${SLOW_S})`);
  const impatient = await connectDatabase({
    url: setting.url,
    applicationName: 'impatient',
    statementTimeoutMs: STATEMENT_MAX_MS,
  });
  const taken = { topic: 'lost', enrichment: 'fraud', table: { schema: 'public', name: 't' } };
  const lost = { reason: 'group_offsets_lost', detail: 'some', jobs: [] };
  try {
    await impatient.query('begin');
    const gap = await recordConsumerGap(impatient, taken, lost);
    expect(gap.from).toEqual({ epoch: 0, lsn: 5n });
    const { rows } = await impatient.query<{ statement_timeout: string }>('show statement_timeout');
    expect(rows).toEqual([{ statement_timeout: `${STATEMENT_MAX_MS / 1_000}s` }]);
    await impatient.query('commit');
  } finally {
    await impatient.end();
  }
  expect(await listGaps(client)).toMatchObject([lost]);
});

test('deletions are remembered for their time and forgotten after it; nothing else is', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  await write(setting, [deleted('1', 4), deleted('2', 4), scored('3', 4, 0.3), skipped('4', 4)]);
  await client.query(
    "update afterglow_internal.state_fraud set updated_at = now() - interval '9 days' where key_id <> 2",
  );
  expect(await forgetDeleted(client, setting.tables)).toBe(1);
  expect((await client.query('select key_id from afterglow_internal.state_fraud order by 1')).rows).toEqual([
    { key_id: '2' },
    { key_id: '3' },
    { key_id: '4' },
  ]);
});

test('deletions are forgotten in portions, and keys that follow young ones are not left out', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  await write(
    setting,
    Array.from({ length: 7 }, (_, place) => deleted(String(place + 1), 4)),
  );
  await client.query(
    "update afterglow_internal.state_fraud set updated_at = now() - interval '9 days' where key_id in (2, 6, 7)",
  );
  expect(await forgetDeleted(client, setting.tables, undefined, 2)).toBe(3);
  expect((await client.query('select key_id from afterglow_internal.state_fraud order by 1')).rows).toEqual(
    ['1', '3', '4', '5'].map((key) => ({ key_id: key })),
  );
});

test('a round of forgetting ends with its session, behind the portion that is under way', async () => {
  await using setting = await setUp(FRAUD);
  await write(
    setting,
    Array.from({ length: 7 }, (_, place) => deleted(String(place + 1), 4)),
  );
  await setting.client.query(
    "update afterglow_internal.state_fraud set updated_at = now() - interval '9 days'",
  );
  const ended = new AbortController();
  const client = new Proxy(setting.client, {
    get(target, name) {
      if (name === 'query') ended.abort();
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  expect(await forgetDeleted(client, setting.tables, undefined, 2, ended.signal)).toBe(2);
  expect(await forgetDeleted(client, setting.tables, undefined, 2, ended.signal)).toBe(0);
});

test('a tombstone whose deletion is gone deletes the key, and what is newer wins it back, scored or not', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  const newest = [scored('1', 6, 0.6), skipped('2', 6)];
  await write(setting, [...newest, deleted('3', 6)]);
  const statuses = async (): Promise<unknown> =>
    (await client.query('select key_id as id, status from afterglow_internal.state_fraud order by 1')).rows;
  expect(await buryKey(client, setting, { id: '1' })).toBe(true);
  expect(await buryKey(client, setting, { id: '2' })).toBe(true);
  expect(await buryKey(client, setting, { id: '3' })).toBe(false);
  expect(await buryKey(client, setting, { id: '4' })).toBe(false);
  expect(await results(setting)).toEqual([]);
  expect(await write(setting, [scored('1', 5, 0.5), skipped('2', 5)])).toEqual([]);
  expect(await write(setting, newest)).toEqual([1, 2]);
  expect(await results(setting)).toEqual([{ id: '1', score: '0.6' }]);
  expect(await statuses()).toEqual([
    { id: '1', status: 'scored' },
    { id: '2', status: 'skipped' },
    { id: '3', status: 'deleted' },
  ]);
});

test('a tombstone that a rule of the tables refuses is archived and counted, and one whose key is none of the table is passed over', async () => {
  await using setting = await setUp(FRAUD);
  const { client } = setting;
  await write(setting, [scored('1', 6, 0.6), scored('2', 6, 0.6)]);
  await client.query(
    'create table cases (id bigint references afterglow.fraud); insert into cases values (1)',
  );
  const pool = createPool({ url: setting.url, applicationName: 'writer', connectionsMax: 1 });
  await using _closing = { [Symbol.asyncDispose]: () => pool.end() };
  const archived: TopicRecord[] = [];
  const producer: RecordProducer = {
    send: async (records) => void archived.push(...records),
    sendSet: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const targets = new Map([['shop.enriched.fraud', setting]]);
  const registry = new Registry();
  const parts: BurialParts = {
    pool,
    targets,
    archive: new Archive('shop', producer, targets),
    metrics: writerMetrics(registry),
    logger: createLogger('writer', 'silent'),
    patience: {
      failed: () => {},
      resumed: () => {},
      isWanted: () => true,
      stopping: new AbortController().signal,
    },
  };
  const tombstone = (key: string): FetchedRecord => ({
    topic: 'shop.enriched.fraud',
    partition: 0,
    offset: 7n,
    key: Buffer.from(key),
    value: null,
    timestampMs: 0,
    assignment: { current: true },
  });
  for (const key of ['{"id":"no number"}', '{"other":"1"}', 'no json', '{"id":"1"}', '{"id":"2"}']) {
    await bury(tombstone(key), parts);
  }
  expect(await results(setting)).toEqual([{ id: '1', score: '0.6' }]);
  expect(archived.map(({ topic, key }) => [topic, key])).toEqual([['shop.dead.fraud', '{"id":"1"}']]);
  expect(JSON.parse(String(archived[0]?.value))).toMatchObject({
    stage: 'write',
    key: { id: '1' },
    error: { kind: 'refused_by_database', code: '23503' },
  });
  const refused = await registry.getSingleMetric('afterglow_writer_refused_total')?.get();
  expect(refused?.values).toMatchObject([{ labels: { enrichment: 'fraud', sqlstate: '23503' }, value: 1 }]);
});
