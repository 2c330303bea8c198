// F5: the connection stops carrying, and neither end is told.
import { expect, test } from 'vitest';
import { createCapture, type TestCapture } from '../support/capture.ts';
import { startChild, type TestChild } from '../support/child.ts';
import { report } from '../support/fault-lengths.ts';
import { type StallingFront, stallingFront } from '../support/stalling-front.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
/** Twelve seconds of silence, the look for it, the end of the session, and the next one's beginning on a busy machine. */
const RECONNECTED_MAX_MS = 45_000;
const TEST_MAX_MS = 400_000;
const LATENCY_MS = 5_000;

interface Stallable extends AsyncDisposable {
  readonly capture: TestCapture;
  readonly front: StallingFront;
  readonly reader: TestChild;
  insert(id: number): Promise<void>;
  /** Resolves when the reader streams for the second time, with how long that took. */
  reconnected(): Promise<number>;
  /** Exactly these rows, in this order; none twice unless it says the same. */
  arrives(count: number): Promise<void>;
}

async function setUp(): Promise<Stallable> {
  await using cleanup = new AsyncDisposableStack();
  const capture = cleanup.use(
    await createCapture('create table t (id int primary key)', { t: '{ table: public.t, partitions: 1 }' }),
  );
  const front = cleanup.use(await stallingFront(capture.database.url));
  const reader = cleanup.use(
    await startChild('services/cli/main.ts', capture.process.arguments, {
      environment: { ...capture.process.environment, DATABASE_URL: front.url },
    }),
  );
  await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
  const disposal = cleanup.move();
  return {
    capture,
    front,
    reader,
    insert: async (id) => {
      await capture.client.query('insert into t values ($1)', [id]);
    },
    async reconnected() {
      const stalledAtMs = performance.now();
      await reader.outputMatching(/("msg":"streaming"[\s\S]*){2}/, DEADLINE_MS);
      const tookMs = performance.now() - stalledAtMs;
      report(`streaming again after ${(tookMs / 1_000).toFixed(1)} s`);
      return tookMs;
    },
    async arrives(count) {
      const ids = async (): Promise<string> => {
        const events = await readEvents(capture.topic('t'));
        return [...new Set(events.map(({ key }) => key))].join();
      };
      const wanted = Array.from({ length: count }, (_, index) => JSON.stringify({ id: index + 1 })).join();
      await until(async () => (await ids()) === wanted, {
        deadlineMs: DEADLINE_MS,
        what: `${count} rows in Kafka`,
        everyMs: 200,
      });
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

test.each([
  ['a black hole: nothing goes either way', 'none'],
  ['own replies are lost on the way', 'to_client'],
] as const)(
  '%s: the reader connects anew and loses nothing',
  { timeout: TEST_MAX_MS },
  async (_what, carrying) => {
    await using setting = await setUp();
    await setting.insert(1);
    await setting.arrives(1);
    setting.front.stall(carrying);
    await setting.insert(2);
    expect(await setting.reconnected()).toBeLessThan(RECONNECTED_MAX_MS);
    await setting.insert(3);
    await setting.arrives(3);
    expect((await setting.reader.stop(DEADLINE_MS)).status).toBe(0);
  },
);

test('a walsender that is frozen: the reader connects anew and loses nothing', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using setting = await setUp();
  const { client, definition } = setting.capture;
  await setting.insert(1);
  await setting.arrives(1);
  const { rows } = await client.query<{ pid: number }>(
    'select active_pid as pid from pg_replication_slots where slot_name = $1',
    [definition.pipeline],
  );
  const pid = rows[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await setting.insert(2);
    // The slot stays the frozen process's own until somebody ends that.
    await setting.reader.outputMatching(/Standing by: process \d+/, RECONNECTED_MAX_MS);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await setting.reconnected()).toBeLessThan(RECONNECTED_MAX_MS);
  await setting.insert(3);
  await setting.arrives(3);
  expect((await setting.reader.stop(DEADLINE_MS)).status).toBe(0);
});

test('five seconds each way: everything arrives, late, in order and whole', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using setting = await setUp();
  await setting.insert(1);
  await setting.arrives(1);
  setting.front.delay(LATENCY_MS);
  for (let id = 2; id <= 20; id++) await setting.insert(id);
  await setting.arrives(20);
  setting.front.delay(0);
  await setting.capture.caughtUp();
  expect(setting.reader.end).toBeUndefined();
  expect((await setting.reader.stop(DEADLINE_MS)).status).toBe(0);
});
