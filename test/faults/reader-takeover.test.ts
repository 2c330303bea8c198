import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cdcTopic } from '../../shared/contracts/topics.ts';
import { startChild, type TestChild } from '../support/child.ts';
import { projectFolder } from '../support/project-folder.ts';
import { capture } from '../support/reader.ts';
import { brokers, createDatabase } from '../support/stack.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const TABLE = 'create table orders (id int primary key)';
const TAKEN_OVER_MAX_MS = 15_000;
const START_MAX_MS = 120_000;

async function setUp() {
  const database = await createDatabase();
  const captured = await capture(database.url, TABLE, ['orders']);
  const project = projectFolder();
  const file = join(project.path, 'afterglow.yaml');
  writeFileSync(
    file,
    `version: 1\npipeline: ${captured.pipeline}\nsources:\n  orders: { table: public.orders, partitions: 2 }\n`,
  );
  const keys = async (): Promise<ReadonlySet<string>> =>
    new Set((await readEvents(cdcTopic(captured.pipeline, 'public', 'orders'))).map(({ key }) => key));
  return {
    captured,
    reader: (): Promise<TestChild> =>
      startChild('services/cli/main.ts', ['--config', file, 'reader'], {
        environment: { DATABASE_URL: database.url, KAFKA_BROKERS: brokers(), NO_COLOR: '1' },
      }),
    insert: async (from: number, to: number): Promise<void> => {
      await captured.client.query('insert into orders select generate_series($1::int, $2::int)', [from, to]);
    },
    allArrived: async (count: number): Promise<void> => {
      await until(async () => (await keys()).size === count, {
        deadlineMs: START_MAX_MS,
        what: `${count} rows in Kafka`,
        everyMs: 500,
      });
    },
    async [Symbol.asyncDispose]() {
      await captured[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('a second reader waits, and takes over within 15 s after the first was killed', {
  timeout: 400_000,
}, async () => {
  await using setting = await setUp();
  await using first = await setting.reader();
  await first.outputMatching(/"msg":"streaming"/, START_MAX_MS);
  await using second = await setting.reader();
  await second.outputMatching(/Standing by: process \d+/, START_MAX_MS);
  await setting.insert(1, 100);
  first.kill('SIGKILL');
  const killedAtMs = performance.now();
  await second.outputMatching(/"msg":"streaming"/, START_MAX_MS);
  expect(performance.now() - killedAtMs).toBeLessThan(TAKEN_OVER_MAX_MS);
  await setting.insert(101, 200);
  await setting.allArrived(200);
  expect((await second.stop(START_MAX_MS)).status).toBe(0);
});

test('a frozen reader is taken over from within 15 s, and stands by when it wakes', {
  timeout: 400_000,
}, async () => {
  await using setting = await setUp();
  await using first = await setting.reader();
  await first.outputMatching(/"msg":"streaming"/, START_MAX_MS);
  await using second = await setting.reader();
  await second.outputMatching(/Standing by/, START_MAX_MS);
  await setting.insert(1, 100);
  first.kill('SIGSTOP');
  const frozenAtMs = performance.now();
  await second.outputMatching(/"msg":"streaming"/, START_MAX_MS);
  expect(performance.now() - frozenAtMs).toBeLessThan(TAKEN_OVER_MAX_MS);
  await setting.insert(101, 200);
  first.kill('SIGCONT');
  await first.outputMatching(/Standing by/, START_MAX_MS);
  await setting.allArrived(200);
  expect((await first.stop(START_MAX_MS)).status).toBe(0);
  expect((await second.stop(START_MAX_MS)).status).toBe(0);
});
