// What is committed while the rows that were there are read for the first time wins over what was read.
import { expect, test } from 'vitest';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createCapture, type TestCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { commitAtConsistentPoint } from '../support/consistent-point.ts';
import { ownServer } from '../support/own-server.ts';
import { seededRandom } from '../support/random-workload.ts';
import { capture, type TestReader } from '../support/reader.ts';
import { consume } from '../support/redo.ts';
import { replay } from '../support/replay.ts';
import { brokers } from '../support/stack.ts';
import { readEvents, type TopicEvent } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const ROWS = 2_000;
const WRITERS = 8;
const DEADLINE_MS = 120_000;
const ENRICHMENTS = `enrichments:
  scored:
    from: counted
    model: { kind: sagemaker, endpoint: nobody, version: "1" }
    input: [n]
    output: { score: float }
`;

async function updateRandomly(url: string, random: () => number, signal: AbortSignal): Promise<void> {
  const client = await connectDatabase({ url, applicationName: 'test (writer)' });
  try {
    while (!signal.aborted) {
      await client.query('update counted set n = n + 1 where id = $1', [Math.floor(random() * ROWS)]);
    }
  } finally {
    await client.end();
  }
}

async function tableByKey(client: DatabaseClient): Promise<object> {
  const { rows } = await client.query<{ id: number; n: number }>('select * from counted');
  return Object.fromEntries(rows.map((row) => [JSON.stringify({ id: row.id }), row]));
}

/** Starts a reader for the first time while writers are at work. */
async function loadUnderWriters(capture: TestCapture): Promise<void> {
  const { client, database } = capture;
  const stopping = new AbortController();
  const writers = Array.from({ length: WRITERS }, (_, writer) =>
    updateRandomly(database.url, seededRandom(SEED * WRITERS + writer), stopping.signal),
  );
  try {
    // The load goes on only as fast as whoever it is for takes it.
    await using _enricher = await consume(
      enricherGroup(capture.definition.pipeline, 'scored'),
      capture.topic('counted'),
      100_000,
    );
    await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
      environment: capture.process.environment,
    });
    await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
    await until(async () => (await readRedoJob(client, '1'))?.state === 'done', {
      deadlineMs: DEADLINE_MS,
      what: 'the first load',
    });
    stopping.abort();
    await Promise.all(writers);
    await capture.caughtUp();
  } finally {
    stopping.abort();
    await Promise.allSettled(writers);
  }
}

test(`the first load of a table that is written all the while: the topic, replayed by key, is the table (seed ${SEED})`, {
  timeout: 4 * DEADLINE_MS,
}, async () => {
  await using capture = await createCapture(
    `create table counted (id int primary key, n int not null default 0);
     insert into counted select generate_series(0, ${ROWS - 1})`,
    { counted: 'public.counted' },
    18,
    brokers(),
    ENRICHMENTS,
  );
  await loadUnderWriters(capture);
  const events = await readEvents(capture.topic('counted'));
  expect(Object.fromEntries(replay(events))).toEqual(await tableByKey(capture.client));
  expect(events.some(({ event }) => event?.op === 'r')).toBe(true);
  expect(events.some(({ event }) => event?.op === 'u')).toBe(true);
});

const ATTEMPTS_MAX = 5;
const CHANGE = 'update counted set n = 1_000 where id < 10; insert into counted values (-1, 1_000)';

interface FirstStart {
  readonly consistentPoint: string;
  readonly events: readonly TopicEvent[];
  readonly table: object;
}

async function startBesideCommit(serverUrl: string, name: string): Promise<FirstStart> {
  const admin = await connectDatabase({ url: serverUrl, applicationName: 'test' });
  await admin.query(`create database ${name}`);
  await admin.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await using captured = await capture(
    url.href,
    `create table counted (id int primary key, n int not null default 0);
     insert into counted select generate_series(0, ${ROWS - 1})`,
    ['counted'],
    undefined,
    ENRICHMENTS,
  );
  const { client, pipeline } = captured;
  let reader: TestReader | undefined;
  const start = (): void => {
    reader = captured.start();
  };
  const { consistentPoint } = await commitAtConsistentPoint(url.href, pipeline, start, CHANGE);
  await reader?.streams();
  const topic = cdcTopic(pipeline, 'public', 'counted');
  await using _enricher = await consume(enricherGroup(pipeline, 'scored'), topic, 100_000);
  await until(async () => (await readRedoJob(client, '1'))?.state === 'done', {
    deadlineMs: DEADLINE_MS,
    what: 'the first load',
  });
  await captured.caughtUp();
  return { consistentPoint, events: await readEvents(topic), table: await tableByKey(client) };
}

test('the first live commit begins at the very point where the slot does: it is streamed, and wins over the first load', {
  timeout: 6 * DEADLINE_MS,
}, async () => {
  // Nobody else writes there.
  await using server = await ownServer(18, { autovacuum: 'off' });
  const isAtThePoint = ({ events, consistentPoint }: FirstStart): boolean =>
    events.some(({ event }) => event?.op !== 'r' && event?.source.commit_lsn === consistentPoint);
  let attempts = 0;
  let found: FirstStart;
  do {
    found = await startBesideCommit(server.url, `attempt_${++attempts}`);
    expect(Object.fromEntries(replay(found.events))).toEqual(found.table);
    const live = found.events.filter(({ event }) => event !== null && event.op !== 'r');
    expect(live.map(({ event }) => event?.op).sort()).toEqual(['c', ...Array(10).fill('u')]);
  } while (!isAtThePoint(found) && attempts < ATTEMPTS_MAX);
  expect(isAtThePoint(found)).toBe(true);
});
