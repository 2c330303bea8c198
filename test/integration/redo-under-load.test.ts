// What chunks must stand: writes on the very rows that they read, and a reader killed at any moment.
import { expect, test } from 'vitest';
import type { Row } from '../../shared/contracts/events.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createRedoJob, type RedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { seededRandom } from '../support/random-workload.ts';
import { createRedoSetting, type RedoSetting } from '../support/redo.ts';
import { replay } from '../support/replay.ts';
import { until } from '../support/wait.ts';

const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const TEST_MS = 600_000;
const READY_MS = 120_000;
const WRITERS = 4;
const FILL = `
  insert into notes select (array['zoo', 'art', 'law']::shelf[])[1 + number % 3], md5(number::text)::uuid, 'Ä ' || number % 7, number,
    repeat(md5(number::text), 100)
  from generate_series(1, $1::int4) number on conflict do nothing`;

const byNumber = (number: number): string => `code = md5('${number}')::uuid`;

/** Touches, rewrites, removes, renames and brings back rows until `signal` aborts. */
async function edit(url: string, random: () => number, rows: number, signal: AbortSignal): Promise<void> {
  const client = await connectDatabase({ url, applicationName: 'test' });
  const upTo = (limit: number): number => Math.floor(random() * limit);
  try {
    while (!signal.aborted) {
      const row = byNumber(1 + upTo(rows));
      const kind = upTo(100);
      // The body is out of line: an update that leaves it alone does not carry it.
      if (kind < 60) await client.query(`update notes set rating = rating + 1 where ${row}`);
      else if (kind < 75) {
        await client.query(`update notes set body = repeat(md5($1), 100) where ${row}`, [String(random())]);
      } else if (kind < 85) await client.query(`delete from notes where ${row}`);
      else if (kind < 90) {
        const rename = client.query(`update notes set title = 'B ' || $1, body = body || 'x' where ${row}`, [
          String(upTo(9)),
        ]);
        await rename.catch(() => {}); // another row has the key already
      } else if (kind < 99) await client.query(FILL, [1 + upTo(20)]);
      else if (upTo(10) === 0) {
        await client.query('truncate notes');
        await client.query(FILL, [rows]);
      }
    }
  } finally {
    await client.end();
  }
}

async function tableByKey(client: DatabaseClient): Promise<Readonly<Record<string, Row>>> {
  const { rows } = await client.query<Record<string, string | number>>('select * from notes');
  return Object.fromEntries(
    rows.map(({ shelf, code, title, ...rest }) => [
      JSON.stringify({ shelf, code, title }),
      { shelf, code, title, ...rest } as Row,
    ]),
  );
}

/** Slow on purpose: what is read is long out of date when the high watermark comes. */
const SLOWLY = "pg_sleep(0.001)::text = ''";

async function makeJobs(
  setting: RedoSetting,
  random: () => number,
  rows: number,
): Promise<readonly RedoJob[]> {
  const { client, job } = setting;
  const done: RedoJob[] = [];
  for (let round = 0; round < 6; round++) {
    const { rows: keys } = await client.query<{ shelf: string; code: string; title: string }>(
      'select shelf, code, title from notes where hashtext(code::text) % 5 = $1 limit 200',
      [round % 5],
    );
    const listed = keys.map(({ shelf, code, title }) => [shelf, code, random() < 0.1 ? 'nowhere' : title]);
    const made = [
      await createRedoJob(client, { ...job, condition: SLOWLY }),
      await createRedoJob(client, { ...job, reason: 'repair', keys: listed }),
      await createRedoJob(client, { ...job, estimatedRows: rows }),
    ];
    for (const each of made) done.push(await setting.jobIn('done', each));
  }
  return done;
}

test(
  `rows read again while they are written: the topic, replayed by key, is the table (seed ${SEED})`,
  async () => {
    await using setting = await createRedoSetting();
    const { client, database } = setting;
    const rows = 400;
    await client.query(FILL, [rows]);
    await setting.consume('first', 20_000);
    await setting.consume('second', 20_000);
    await setting.read();
    const random = seededRandom(SEED);
    const stopping = new AbortController();
    const writers = Array.from({ length: WRITERS }, (_, writer) =>
      edit(database.url, seededRandom(SEED * 100 + writer), rows, stopping.signal),
    );
    const jobs = await makeJobs(setting, random, rows).finally(() => stopping.abort());
    await Promise.all(writers);
    await setting.jobIn('done', '1');
    const events = await setting.events();
    expect(Object.fromEntries(replay(events))).toEqual(await tableByKey(client));
    const sum = (of: (job: RedoJob) => number): number => jobs.reduce((total, job) => total + of(job), 0);
    expect(sum(({ rowsSuperseded }) => rowsSuperseded)).toBeGreaterThan(20);
    expect(sum(({ rowsGone }) => rowsGone)).toBeGreaterThan(0);
  },
  TEST_MS,
);

test(
  `values that only the first load carries survive updates that leave them out (seed ${SEED})`,
  async () => {
    await using setting = await createRedoSetting();
    const { client, database, job } = setting;
    const rows = 400;
    await client.query(FILL, [rows]);
    const made = await createRedoJob(client, { ...job, reason: 'snapshot', condition: SLOWLY });
    const random = seededRandom(SEED);
    const stopping = new AbortController();
    const rating = (async () => {
      const writer = await connectDatabase({ url: database.url, applicationName: 'test' });
      while (!stopping.signal.aborted) {
        const row = byNumber(1 + Math.floor(random() * rows));
        await writer.query(`update notes set rating = rating + 1 where ${row}`);
      }
      await writer.end();
    })();
    await setting.read();
    const done = await setting.jobIn('done', made).finally(() => stopping.abort());
    await rating;
    const events = await setting.events();
    expect(Object.fromEntries(replay(events))).toEqual(await tableByKey(client));
    // Rows that changed while they were read, in a table of which the topic held nothing: merged, not left out.
    expect(done).toMatchObject({ rowsDone: rows, rowsSuperseded: 0 });
    expect(events.some(({ event }) => event?.source.unchanged !== undefined)).toBe(true);
  },
  TEST_MS,
);

interface Kill {
  readonly walLsn: string;
  readonly job: RedoJob;
}

async function killAtSomeMoment(setting: RedoSetting, random: () => number): Promise<Kill | undefined> {
  await using reader = await setting.afterglow('reader');
  await reader.outputMatching(/"msg":"streaming"/, READY_MS);
  const killAtMs = performance.now() + 300 + random() * 1_500;
  const job = (): Promise<RedoJob | undefined> => readRedoJob(setting.client, '1');
  await until(async () => performance.now() >= killAtMs || (await job())?.state === 'done', {
    deadlineMs: READY_MS,
    what: 'the moment of the kill',
    everyMs: 5,
  });
  reader.kill('SIGKILL');
  await reader.ended;
  // What it sent last may still be on its way through the server.
  await until(async () => (await openSessions(setting.client)) === 0, {
    deadlineMs: READY_MS,
    what: 'its sessions to end',
  });
  const found = await job();
  const { rows } = await setting.client.query<{ lsn: string }>(
    "select lpad(split_part(pg_current_wal_insert_lsn()::text, '/', 1), 8, '0') || '/' || lpad(split_part(pg_current_wal_insert_lsn()::text, '/', 2), 8, '0') as lsn",
  );
  return found === undefined || found.state === 'done'
    ? undefined
    : { walLsn: rows[0]?.lsn ?? '', job: found };
}

async function openSessions(client: DatabaseClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int4 as count from pg_stat_activity where datname = current_database() and application_name like '%reader%'",
  );
  return rows[0]?.count ?? 0;
}

test(
  `a reader killed in the middle of a job: every row is covered, no finished chunk is repeated (seed ${SEED})`,
  async () => {
    await using setting = await createRedoSetting();
    const { client } = setting;
    const rows = 1_500;
    await client.query(FILL, [rows]);
    await setting.consume('first', 200);
    await setting.consume('second', 400);
    const random = seededRandom(SEED);
    const kills: Kill[] = [];
    while (kills.length < 6) {
      const kill = await killAtSomeMoment(setting, random);
      if (kill === undefined) break;
      kills.push(kill);
    }
    expect(kills.length).toBeGreaterThan(1);
    await setting.read();
    expect((await setting.jobIn('done', '1')).rowsDone).toBe(rows);
    const events = await setting.events();
    expect(new Set(events.map(({ key }) => key)).size).toBe(rows);
    const places = await placesByKey(client);
    for (const { walLsn, job } of kills) {
      const finished = job.lastKey === null ? 0 : (places.get(JSON.stringify(job.lastKey)) ?? Number.NaN);
      const repeated = events.filter(
        ({ key, event }) =>
          event !== null &&
          event.source.commit_lsn > walLsn &&
          (places.get(JSON.stringify(Object.values(JSON.parse(key) as Row))) ?? 0) <= finished,
      );
      expect(repeated).toEqual([]);
    }
  },
  TEST_MS,
);

/** From 1, in the order in which a job goes. */
async function placesByKey(client: DatabaseClient): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ shelf: string; code: string; title: string }>(
    'select shelf, code, title from notes order by shelf, code, title',
  );
  return new Map(
    rows.map(({ shelf, code, title }, index) => [JSON.stringify([shelf, code, title]), index + 1]),
  );
}
