// F12: the log that is kept for the slot runs short, and redo is what gives way first.
import { expect, test } from 'vitest';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createRedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { ownServer } from '../support/own-server.ts';
import { type Captured, capture, type TestReader } from '../support/reader.ts';
import { until } from '../support/wait.ts';

const ROWS = 20_000;
const BUDGET_MB = 320;
/** Of 16 MB each. */
const BUDGET = {
  max_slot_wal_keep_size: `${BUDGET_MB}MB`,
  checkpoint_timeout: '1h',
  max_wal_size: '1GB',
};
const DEADLINE_MS = 120_000;
const MEGABYTE = 1_048_576;

/** Writes log until a quarter of the budget is left, and no more. */
async function runShort(client: DatabaseClient, slot: string): Promise<void> {
  await client.query('create table if not exists filler (n int)');
  const isShort = async (): Promise<boolean> => {
    await client.query('insert into filler values (1)');
    await client.query('select pg_switch_wal()');
    const { rows } = await client.query<{ safe: string }>(
      'select safe_wal_size::text as safe from pg_replication_slots where slot_name = $1',
      [slot],
    );
    return Number(rows[0]?.safe) <= (BUDGET_MB * MEGABYTE) / 4;
  };
  await until(isShort, { deadlineMs: DEADLINE_MS, what: 'the log to run short', everyMs: 0 });
}

const says = async (reader: TestReader, line: string): Promise<string> =>
  await until(async () => ((await reader.metrics()).includes(`${line}\n`) ? line : undefined), {
    deadlineMs: DEADLINE_MS,
    what: `the metrics to say ${line}`,
    everyMs: 200,
  });

const newJob = async ({ client }: Captured): Promise<string> =>
  await createRedoJob(client, {
    schema: 'public',
    table: 'orders',
    reason: 'backfill',
    enrichments: [],
    estimatedRows: ROWS,
  });

test('redo waits while the log is critical, goes on by itself, and the stream never waits with it', {
  timeout: 400_000,
}, async () => {
  await using server = await ownServer(18, BUDGET);
  await using captured = await capture(
    server.url,
    `create table orders (id int primary key, note text);
     insert into orders select n, 'before' from generate_series(1, ${ROWS}) n`,
    ['orders'],
  );
  const { client, pipeline } = captured;
  await using reader = captured.start();
  await reader.streams();
  const pinning = await connectDatabase({ url: server.url, applicationName: 'test (pinning)' });
  try {
    await pinning.query('begin');
    await pinning.query("insert into orders values (0, 'open')");
    await runShort(client, pipeline);
    await says(reader, 'afterglow_reader_slot_safety{state="critical"} 1');
    const job = await newJob(captured);
    await says(reader, 'afterglow_reader_redo_held 1');
    await client.query("update orders set note = 'after' where id = 1");
    await captured.caughtUp();
    expect(await readRedoJob(client, job)).toMatchObject({ state: 'waiting', chunks: 0, rowsDone: 0 });

    await pinning.query('commit');
    // What an application does all day: only behind something newer does the server let the log go.
    await client.query('insert into filler values (1)');
    await captured.caughtUp();
    await client.query('checkpoint');
    await until(async () => (await readRedoJob(client, job))?.state === 'done', {
      deadlineMs: DEADLINE_MS,
      what: 'the job to be done',
      everyMs: 200,
    });
    await says(reader, 'afterglow_reader_redo_held 0');
    await says(reader, 'afterglow_reader_redo_jobs{reason="backfill",state="done"} 1');
    const metrics = await reader.metrics();
    const published = /redo_rows_total\{reason="backfill",outcome="published"\} (\d+)/.exec(metrics)?.[1];
    expect(Number(published)).toBe(ROWS + 1);
    expect(metrics).not.toContain('afterglow_reader_redo_left_seconds{');
  } finally {
    await pinning.end();
  }
});
