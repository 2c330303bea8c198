import { describe, expect, test, vi } from 'vitest';
import { type ChangeEvent, UNAVAILABLE_VALUE } from '../../shared/contracts/events.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import {
  controlRedoJob,
  createRedoJob,
  readRedoJob,
  secondsLeft,
} from '../../shared/side-tables/redo-jobs.ts';
import { createRedoSetting, NOTES } from '../support/redo.ts';
import { createDatabase } from '../support/stack.ts';
import type { TopicEvent } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
// Longer than the waits inside, so that a test which gives up says what it waited for.
vi.setConfig({ testTimeout: 400_000 });

/** `count` rows whose keys are spread over all three columns; the bodies are stored out of line. */
const FILL = `
  insert into notes select (array['zoo', 'art', 'law']::shelf[])[1 + number % 3], md5(number::text)::uuid, 'Ä ' || number % 7, number,
    repeat(md5(number::text), 100)
  from generate_series(1, $1::int4) number`;

type Redone = TopicEvent & { readonly event: ChangeEvent };
const redone = (events: readonly TopicEvent[], job: string): readonly Redone[] =>
  events.flatMap((found) =>
    found.event?.source.redo?.job === job ? [{ ...found, event: found.event }] : [],
  );

describe.each([16, 18] as const)('a redo on PostgreSQL %i', (version) => {
  test('rows from before the slot are published whole, once, in chunks by a key of any types', async () => {
    await using setting = await createRedoSetting(NOTES, version);
    await setting.client.query(FILL, [2_500]);
    await setting.consume('first', 2_000);
    await setting.consume('second', 2_000);
    await setting.read();
    const done = await setting.jobIn('done', '1');
    expect(done).toMatchObject({ reason: 'snapshot', enrichments: ['first', 'second'], rowsDone: 2_500 });
    expect(done.chunks).toBeGreaterThan(3);
    const events = await setting.events();
    expect(new Set(events.map(({ key }) => key)).size).toBe(2_500);
    expect(events).toHaveLength(2_500);
    const redo = { enrichments: ['first', 'second'], reason: 'snapshot', job: '1' };
    expect(events[0]?.event).toMatchObject({
      op: 'r',
      source: { snapshot: 'incremental', txId: null, redo },
    });
    expect(JSON.stringify(events[0]?.event?.after)).not.toContain(UNAVAILABLE_VALUE);
  });

  test('a list of keys: what is there is read again, what is gone is deleted; nothing else is touched', async () => {
    await using setting = await createRedoSetting(NOTES, version);
    const { client, job } = setting;
    await setting.read();
    await client.query(FILL, [20]);
    const { rows } = await client.query<{ shelf: string; code: string; title: string }>(
      'select * from notes order by rating limit 3',
    );
    const keys = rows.map(({ shelf, code, title }) => [shelf, code, title]);
    await client.query('delete from notes where rating = 2');
    const missing = ['law', '00000000-0000-0000-0000-00000000000A', 'never was'];
    const made = await createRedoJob(client, { ...job, reason: 'repair', keys: [...keys, missing] });
    expect(await setting.jobIn('done', made)).toMatchObject({ rowsDone: 4, rowsGone: 2, estimatedRows: 4 });
    const events = await setting.events();
    const published = redone(events, made);
    expect(published.map(({ event }) => event.op).sort()).toEqual(['d', 'd', 'r', 'r']);
    expect(published.filter(({ event }) => event.op === 'r').map(({ event }) => event.after?.rating)).toEqual(
      expect.arrayContaining([1, 3]),
    );
    // The key as the database writes it, not as it was given.
    const gone = published.find(({ key }) => key.includes('never was'));
    expect(gone?.key).toBe(
      '{"shelf":"law","code":"00000000-0000-0000-0000-00000000000a","title":"never was"}',
    );
    const behind = events.filter(({ partition }) => partition === gone?.partition);
    const place = behind.findIndex((found) => found.key === gone?.key);
    expect(behind[place + 1]).toMatchObject({ key: gone?.key, event: null });
  });
});

describe('a redo', () => {
  /** More than goes while anything is waited for. */
  const ROWS = 6_000;

  test('a table that is empty when the slot is made leaves no job', async () => {
    await using setting = await createRedoSetting();
    await setting.read();
    await until(async () => (await readRedoJob(setting.client, '1')) === undefined, {
      deadlineMs: DEADLINE_MS,
      what: 'the job of the empty table to be gone',
    });
  });

  test('a chunk of large rows is cut by their bytes, and none of them is left out', async () => {
    await using setting = await createRedoSetting();
    const { client, job } = setting;
    await client.query(
      "insert into notes select 'art', md5(number::text)::uuid, 'A', number, repeat('x', 300_000) from generate_series(1, 60) number",
    );
    const made = await createRedoJob(client, job);
    await setting.read();
    const done = await setting.jobIn('done', made);
    expect(done.rowsDone).toBe(60);
    // 4 MB are about 14 of them.
    expect(done.chunks).toBeGreaterThanOrEqual(4);
    const ratings = redone(await setting.events(), made).map(({ event }) => event.after?.rating);
    expect(new Set(ratings).size).toBe(60);
  });

  test('a condition picks rows, and cannot change any', async () => {
    await using setting = await createRedoSetting();
    const { client, job } = setting;
    await setting.read();
    await client.query(FILL, [300]);
    const some = await createRedoJob(client, {
      ...job,
      condition: "notes.rating % 100 = 7 and shelf >= 'zoo' -- x",
    });
    expect(await setting.jobIn('done', some)).toMatchObject({ rowsDone: 3 });
    const ratings = redone(await setting.events(), some).map(({ event }) => event.after?.rating);
    expect(ratings.sort()).toEqual([107, 207, 7]);
    await client.query(
      "create function spoil() returns boolean language sql as 'delete from notes returning true'",
    );
    for (const [condition, failure] of [
      ['spoil()', '25006: the condition changes data'],
      [
        'true); delete from notes; select (true',
        '42601: cannot insert multiple commands into a prepared statement',
      ],
      ['colour = 1', '42703: column "colour" does not exist'],
      ['title::int4 = 1', '22P02'],
    ] as const) {
      const wrong = await createRedoJob(client, { ...job, condition });
      expect((await setting.jobIn('failed', wrong)).failure).toBe(failure);
    }
    const { rows } = await client.query('select count(*)::int4 as count from notes');
    expect(rows).toEqual([{ count: 300 }]);
  });

  test('it waits for a consumer that does not move, and can be paused, resumed and cancelled', async () => {
    await using setting = await createRedoSetting();
    const { client, job } = setting;
    await client.query(FILL, [ROWS]);
    await setting.consume('second', 1_000);
    await setting.read();
    const rowsDone = async (): Promise<number> => (await readRedoJob(client, '1'))?.rowsDone ?? 0;
    const beyond = async (rows: number): Promise<void> => {
      const isBeyond = async (): Promise<boolean> => (await rowsDone()) > rows;
      await until(isBeyond, { deadlineMs: DEADLINE_MS, what: `more than ${rows} rows` });
    };
    await beyond(0);
    // Another job, addressed to nobody, has its turn meanwhile.
    const aside = async (): Promise<void> => {
      await setting.jobIn('done', await createRedoJob(client, { ...job, condition: 'rating = 1' }));
    };
    const waitsFor = async (): Promise<string | null | undefined> =>
      (await readRedoJob(client, '1'))?.waitsFor;
    const [said] = await Promise.all([
      until(waitsFor, { deadlineMs: DEADLINE_MS, what: 'the job to say that it waits' }),
      aside(),
    ]);
    // A few rows to learn from, and no more as long as the group does not move.
    expect(await rowsDone()).toBe(100);
    expect(said).toBe('enrichment first, which has enough to do');
    const isStill = async (): Promise<boolean> => /first, which takes nothing/.test((await waitsFor()) ?? '');
    await until(isStill, { deadlineMs: DEADLINE_MS, what: 'the job to say that the group takes nothing' });
    const status = JSON.parse(await setting.print('status', '--json')) as { redos_waiting: unknown };
    expect(status.redos_waiting).toMatchObject([{ job: '1', waits_for: await waitsFor() }]);
    expect(await setting.print('backfill', 'list')).toMatch(
      /\nJob 1 waits for enrichment first, which takes nothing: /,
    );
    expect(await controlRedoJob(client, '1', 'pause')).toBe(true);
    expect(await controlRedoJob(client, '1', 'pause')).toBe(false);
    await setting.consume('first', 100);
    await aside();
    expect(await readRedoJob(client, '1')).toMatchObject({ state: 'paused', rowsDone: 100 });
    expect(await controlRedoJob(client, '1', 'resume')).toBe(true);
    await beyond(100);
    await until(async () => (await waitsFor()) === null, {
      deadlineMs: DEADLINE_MS,
      what: 'the job to wait for nobody',
    });
    const running = await readRedoJob(client, '1');
    expect(running?.rowsPerSecond).toBeGreaterThan(0);
    expect(running && secondsLeft(running)).toBeGreaterThan(0);
    expect(await controlRedoJob(client, '1', 'cancel')).toBe(true);
    await aside();
    const cancelled = await readRedoJob(client, '1');
    expect(cancelled?.state).toBe('cancelled');
    expect(cancelled?.rowsDone).toBeLessThan(ROWS);
    // What went out is what is counted, the chunk under way at the end included.
    expect(redone(await setting.events(), '1')).toHaveLength(cancelled?.rowsDone ?? -1);
  });

  test('a statement that is at work in another database of the server holds nothing up', async () => {
    await using setting = await createRedoSetting();
    await using elsewhere = await createDatabase();
    const busy = await connectDatabase({
      url: elsewhere.url,
      applicationName: 'busy',
      statementTimeoutMs: 0,
    });
    {
      // A new slot would wait for it.
      await using _first = await setting.read();
    }
    await setting.client.query(FILL, [10]);
    await busy.query('create table t (id int); begin; insert into t values (1)');
    const { rows } = await busy.query<{ pid: number }>('select pg_backend_pid() as pid');
    const asleep = busy.query('select pg_sleep(3600)');
    asleep.catch(() => {});
    try {
      await setting.read();
      const made = await createRedoJob(setting.client, setting.job);
      expect(await setting.jobIn('done', made)).toMatchObject({ rowsDone: 10 });
    } finally {
      await setting.client.query('select pg_cancel_backend($1)', [rows[0]?.pid]);
      await expect(asleep).rejects.toMatchObject({ code: '57014' });
      await busy.end();
    }
  });

  test('a commit that is in the log but not visible yet makes the chunk worthless: it is read again', async () => {
    await using setting = await createRedoSetting();
    const { client, database, job } = setting;
    await setting.read();
    await client.query(FILL, [10]);
    // A standby that never answers; other sessions of the test server do not wait for one.
    await client.query("alter system set synchronous_standby_names = 'nobody'");
    await client.query('select pg_reload_conf()');
    const late = await connectDatabase({ url: database.url, applicationName: 'late' });
    try {
      await late.query('set synchronous_commit = on');
      const update = late.query("update notes set body = 'new' where rating = 5");
      const isStreamed = async (): Promise<boolean> =>
        (await setting.events()).some(({ event }) => event?.after?.body === 'new');
      await until(isStreamed, { deadlineMs: DEADLINE_MS, what: 'the invisible commit in the topic' });
      const { rows } = await client.query("select from notes where body = 'new'");
      expect(rows).toEqual([]);
      const made = await createRedoJob(client, { ...job, condition: 'rating = 5' });
      // A reader that began anew meanwhile does not even read it: it cannot know whether the commit is in the log.
      const isHeldBack = (): boolean =>
        setting.log.some((line) => /"why":"invisible"|transactions that were open when/.test(line));
      await until(isHeldBack, { deadlineMs: DEADLINE_MS, what: 'the chunk to be read again' });
      expect(redone(await setting.events(), made)).toEqual([]);
      await client.query('alter system reset synchronous_standby_names');
      await client.query('select pg_reload_conf()');
      await update;
      await setting.jobIn('done', made);
      expect(redone(await setting.events(), made).map(({ event }) => event.after?.body)).toEqual(['new']);
    } finally {
      await client.query('alter system reset synchronous_standby_names');
      await client.query('select pg_reload_conf()');
      await late.end();
    }
  });
});
