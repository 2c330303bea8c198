import { describe, expect, test } from 'vitest';
import { storeSchemaVersion } from '../../services/reader/schema-versions.ts';
import {
  changeEvent,
  deadLetter,
  notice,
  progressEvent,
  UNAVAILABLE_VALUE,
} from '../../shared/contracts/events.ts';
import { deadCaptureTopic, noticesTopic, progressTopic } from '../../shared/contracts/topics.ts';
import { createCapture } from '../support/capture.ts';
import { readTopic } from '../support/topic.ts';

const LONG = 'md5(random()::text)';
/** Compressed it fits the index; as JSON, six characters for each of its own, it fits no record. */
const ENDLESS_KEY = 'repeat(chr(1), 200000)';

describe.each([16, 18] as const)('capture on PostgreSQL %i', (version) => {
  test('every type arrives as it is stored, in a key of any type', async () => {
    await using capture = await createCapture(
      `create type mood as enum ('ok', 'größe');
       create domain small as int check (value < 100);
       create extension vector;
       create table "Größe" (
         tenant uuid, mood mood, n bigint, "quoted ""name""" text, small small, numeric numeric, nan numeric, infinite float8,
         at timestamptz, forever timestamptz, day date, doc jsonb, raw json, ints int[], texts text[], nested int[], bytes bytea,
         span int4range, nothing text, embedding vector(3), half halfvec(3), doubled int generated always as (small * 2) stored,
         primary key (tenant, mood, n))`,
      { things: 'public.Größe' },
      version,
    );
    await capture.start();
    await capture.client.query(
      `insert into "Größe" values ('6d7f2c1e-0000-4000-8000-000000000001', 'größe', 9223372036854775807, 'a"b\\c' || chr(10) || '日本',
         7, 123456789012345678901234567890.10, 'NaN', '-Infinity', '2026-11-20 09:15:02.123456+00', 'infinity', '0044-03-15 BC',
         '{"n": 12345678901234567890}', '{"a" : 1}', '{1,NULL,3}', '{"x y",NULL,"NULL"}', '{{1,2},{3,4}}', '\\xdeadbeef',
         '[1,5)', null, '[1,2.5,-3]', '[0.5,0,1]')`,
    );
    const [record] = await capture.events('Größe');
    expect(changeEvent.safeParse(record?.event).success).toBe(true);
    expect(record?.key).toBe(
      '{"tenant":"6d7f2c1e-0000-4000-8000-000000000001","mood":"größe","n":"9223372036854775807"}',
    );
    expect(record?.event?.after).toMatchObject({
      n: '9223372036854775807',
      'quoted "name"': 'a"b\\c\n日本',
      small: 7,
      numeric: '123456789012345678901234567890.10',
      nan: 'NaN',
      infinite: '-Infinity',
      at: '2026-11-20 09:15:02.123456+00',
      forever: 'infinity',
      day: '0044-03-15 BC',
      doc: '{"n": 12345678901234567890}',
      raw: '{"a" : 1}',
      ints: [1, null, 3],
      texts: ['x y', null, 'NULL'],
      nested: [
        [1, 2],
        [3, 4],
      ],
      bytes: '\\xdeadbeef',
      span: '[1,5)',
      nothing: null,
      embedding: '[1,2.5,-3]',
      half: '[0.5,0,1]',
    });
  });

  test('all four replica identities: what an update leaves out is named, or filled from the old row', async () => {
    await using capture = await createCapture(
      `create table by_key (id int primary key, n int, body text);
       create table by_index (id int primary key, code text not null unique, body text);
       alter table by_index replica identity using index by_index_code_key;
       create table whole (id int primary key, n int, body text);
       alter table whole replica identity full;
       alter table by_key alter body set storage external;
       alter table whole alter body set storage external;`,
      { by_key: 'public.by_key', by_index: 'public.by_index', whole: 'public.whole' },
      version,
    );
    await capture.start();
    const { client } = capture;
    const body = `(select string_agg(${LONG}, '') from generate_series(1, 400))`;
    await client.query(`insert into by_key values (1, 1, ${body})`);
    await client.query(`insert into whole values (1, 1, ${body})`);
    await client.query(`insert into by_index values (1, 'a', 'x')`);
    await client.query('update by_key set n = 2');
    await client.query('update whole set n = 2');
    await client.query("update by_index set code = 'b'");
    await client.query('delete from by_index');
    const all = await capture.events('by_key', 'whole', 'by_index');
    const of = (table: string) =>
      all.filter(
        ({ event, key }) => (event?.source.table ?? (key.includes('code') ? 'by_index' : '')) === table,
      );
    const byKey = of('by_key');
    expect(byKey[1]?.event).toMatchObject({
      op: 'u',
      after: { n: 2, body: UNAVAILABLE_VALUE },
      source: { unchanged: ['body'] },
    });
    const whole = of('whole');
    expect(whole[1]?.event?.after?.body).toBe(whole[0]?.event?.after?.body);
    expect(whole[1]?.event).toMatchObject({ op: 'u', before: { n: 1 }, after: { n: 2 } });
    const byIndex = of('by_index');
    expect(byIndex.map(({ key, event }) => [key, event?.op]).toSorted()).toEqual(
      [
        ['{"code":"a"}', 'c'],
        ['{"code":"a"}', 'd'],
        ['{"code":"a"}', undefined],
        ['{"code":"b"}', 'c'],
        ['{"code":"b"}', 'd'],
        ['{"code":"b"}', undefined],
      ].toSorted(),
    );
  });

  test('a partitioned table appears under its root, and an excluded column never leaves the database', async () => {
    await using capture = await createCapture(
      `create table parts (id int, region text, secret text, primary key (id, region)) partition by list (region);
       create table parts_eu partition of parts for values in ('eu');
       create table parts_us partition of parts for values in ('us');`,
      { parts: '{ table: public.parts, exclude: [secret] }' },
      version,
    );
    await capture.start();
    await capture.client.query("insert into parts values (1, 'eu', 'hidden'), (2, 'us', 'hidden')");
    await capture.client.query("update parts set region = 'us' where id = 1");
    const events = await capture.events('parts');
    expect(
      events
        .filter(({ event }) => event !== null)
        .map(({ event }) => event?.op)
        .toSorted(),
    ).toEqual(['c', 'c', 'c', 'd']);
    expect(JSON.stringify(events)).not.toContain('hidden');
    expect(events.every(({ event }) => event === null || event.source.table === 'parts')).toBe(true);
  });

  test('the documented transaction drops a published column of a table with excluded ones', async () => {
    await using capture = await createCapture(
      'create table t (id int primary key, a int, b int, secret text)',
      { t: '{ table: public.t, exclude: [secret] }' },
      version,
    );
    await capture.start();
    const { client, definition } = capture;
    await client.query("insert into t values (1, 1, 1, 'hidden')");
    await expect(client.query('alter table t drop column b')).rejects.toThrow(/depend/);
    const publication = `"${definition.pipeline}"`;
    await client.query(`begin; alter publication ${publication} set table t (id, a); alter table t drop column b;
      alter publication ${publication} set table t (id, a); commit`);
    await client.query("insert into t values (2, 2, 'hidden')");
    const events = await capture.events('t');
    const rows = events.map(({ event }) => [event?.after, event?.source.schema_version]);
    expect(rows).toContainEqual([{ id: 1, a: 1, b: 1 }, 1]);
    expect(rows).toContainEqual([{ id: 2, a: 2 }, 2]);
  });

  test('a schema change under way is in-band: a new version, a notice, and the next row has the new columns', async () => {
    await using capture = await createCapture(
      'create table t (id int primary key, a int)',
      { t: 'public.t' },
      version,
    );
    await capture.start();
    const { client, definition } = capture;
    await client.query('insert into t values (1, 1)');
    await client.query(
      "alter table t add column b text default 'd'; alter table t alter column a type bigint",
    );
    await client.query('insert into t values (2, 9007199254740993, default)');
    const events = await capture.events('t');
    expect(events.map(({ event }) => [event?.after, event?.source.schema_version]).toSorted()).toEqual(
      [
        [{ id: 1, a: 1 }, 1],
        [{ id: 2, a: '9007199254740993', b: 'd' }, 2],
      ].toSorted(),
    );
    const notices = (await readTopic(noticesTopic(definition.pipeline))).map(({ value }) =>
      notice.parse(JSON.parse(String(value))),
    );
    expect(notices).toMatchObject([
      { kind: 'schema_change', table: 'public.t', schema_version: 2, added: ['b'], retyped: ['a'] },
    ]);
  });
});

describe('capture', () => {
  test('a type that was made while the reader runs is decoded like one that was there', async () => {
    await using capture = await createCapture('create table t (id int primary key)', { t: 'public.t' });
    await capture.start();
    await capture.client.query(
      'create domain late as int; alter table t add column n late, add column many late[]',
    );
    await capture.client.query("insert into t values (1, 5, '{1,2}')");
    const [record] = await capture.events('t');
    expect(record?.event?.after).toEqual({ id: 1, n: 5, many: [1, 2] });
  });

  test('a row over the topic limit is published without its large columns; the stream goes on', async () => {
    await using capture = await createCapture('create table t (id int primary key, small text, big text)', {
      t: 'public.t',
    });
    await capture.start();
    await capture.client.query("insert into t values (1, 'kept', repeat('日', 700000))");
    await capture.client.query("insert into t values (2, 'kept', 'short')");
    const events = await capture.events('t');
    const rows = new Map(events.map(({ key, event }) => [key, event?.after]));
    expect(rows.get('{"id":1}')).toEqual({ id: 1, small: 'kept', big: UNAVAILABLE_VALUE });
    expect(rows.get('{"id":2}')).toEqual({ id: 2, small: 'kept', big: 'short' });
    expect(events.find(({ key }) => key === '{"id":1}')?.event?.source.omitted).toEqual(['big']);
  });

  test('what cannot be decoded is kept byte for byte, told, counted, and the stream goes on', async () => {
    await using capture = await createCapture('create table t (code text primary key, n int)', {
      t: 'public.t',
    });
    await capture.start();
    const { client, definition } = capture;
    await client.query("insert into t values ('before', 1)");
    await client.query(`insert into t values (${ENDLESS_KEY}, 2)`);
    await client.query("insert into t values ('after', 3)");
    const events = await capture.events('t');
    expect(events.length).toBe(2);
    const [letter] = await readTopic(deadCaptureTopic(definition.pipeline));
    const archived = deadLetter.parse(JSON.parse(String(letter?.value)));
    expect(archived).toMatchObject({ stage: 'capture', error: { kind: 'undecodable', code: 'too_large' } });
    expect(Buffer.from(archived.original.value_base64 ?? '', 'base64').toString('latin1', 0, 1)).toBe('I');
    const progress = (await readTopic(progressTopic(definition.pipeline))).map(({ value }) =>
      progressEvent.parse(JSON.parse(String(value))),
    );
    expect(progress.reduce((sum, { published }) => sum + published, 0)).toBe(2);
    expect(progress.reduce((sum, { parked }) => sum + parked, 0)).toBe(1);
    const notices = (await readTopic(noticesTopic(definition.pipeline))).map(({ value }) =>
      notice.parse(JSON.parse(String(value))),
    );
    expect(notices).toMatchObject([{ kind: 'undecodable', table: 'public.t', dead_letter_id: archived.id }]);
  });

  test('a key stored out of line names its row in an update that leaves it alone', async () => {
    await using capture = await createCapture(
      `create table t (code text primary key, n int);
       alter table t alter code set storage external;`,
      { t: 'public.t' },
    );
    await capture.start();
    const { client, definition } = capture;
    await client.query(`insert into t select string_agg(${LONG}, ''), 1 from generate_series(1, 75)`);
    await client.query('update t set n = 2');
    const [inserted, updated] = await capture.events('t');
    expect(updated?.key).toBe(inserted?.key);
    expect(updated?.event).toMatchObject({ op: 'u', after: { ...inserted?.event?.after, n: 2 } });
    expect(updated?.event?.source.unchanged).toBeUndefined();
    expect(await readTopic(deadCaptureTopic(definition.pipeline))).toEqual([]);
  });

  test('a truncate of several tables reaches every partition of each, at its own position', async () => {
    await using capture = await createCapture(
      'create table a (id int primary key); create table b (id int primary key)',
      { a: '{ table: public.a, partitions: 3 }', b: '{ table: public.b, partitions: 2 }' },
    );
    await capture.start();
    await capture.client.query('truncate a, b');
    const events = await capture.events('a', 'b');
    const places = events.map(
      ({ partition, event }) => `${event?.source.table} ${partition} ${event?.source.event_index}`,
    );
    expect(places.toSorted()).toEqual(['a 0 0', 'a 1 0', 'a 2 0', 'b 0 1', 'b 1 1']);
  });

  test('two readers may store the same schema version, and never two different ones under one number', async () => {
    await using capture = await createCapture('create table t (id int primary key)', { t: 'public.t' });
    const entry = { table: 'public.t', version: 1, columns: [{ name: 'id', type_oid: 23 }], sinceLsn: 7n };
    await storeSchemaVersion(capture.client, entry);
    await storeSchemaVersion(capture.client, entry);
    for (const other of [{ sinceLsn: 8n }, { columns: [{ name: 'id', type_oid: 20 }] }]) {
      await expect(storeSchemaVersion(capture.client, { ...entry, ...other })).rejects.toMatchObject({
        code: 'schema_version_taken',
      });
    }
  });
});
