// A source that leaves the definition of a pipeline whose reader has begun, and may come back.
import { expect, test } from 'vitest';
import { applyInit } from '../../services/cli/init/apply.ts';
import { repairGap } from '../../services/reader/main.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { setUp } from '../support/initialised.ts';
import { startReader } from '../support/reader.ts';
import { consume } from '../support/redo.ts';
import { brokers } from '../support/stack.ts';
import { readEvents, topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;
const JOBS_MAX = 100;

function without({ sources, enrichments, ...others }: Definition): Definition {
  const { reviews: _left, ...left } = sources;
  const { sentiment: _leftToo, ...leftToo } = enrichments;
  return { ...others, sources: left, enrichments: leftToo };
}

test('a source that leaves under a running reader halts it, and the repair asks for no row of that table', async () => {
  await using setting = await setUp();
  const { client, kafka, database, definition } = setting;
  await setting.init();
  const fewer = without(definition);
  {
    await using before = startReader(definition, database.url);
    await before.streams();
    await applyInit(client, kafka, { definition: fewer });
    await before.standsStill(/publication_incomplete/);
  }
  await repairGap({
    definition: fewer,
    databaseUrl: database.url,
    brokers: [brokers()],
    logger: createLogger('test', 'silent'),
    newEpoch: false,
    consent: async () => true,
    onWaiting: () => {},
  });
  await using reader = startReader(fewer, database.url);
  await reader.streams();
  await until(async () => (await listGaps(client)).every(({ state }) => state === 'closed'), {
    deadlineMs: DEADLINE_MS,
    what: 'the gap to be closed',
    everyMs: 200,
  });
  expect(await listGaps(client)).toMatchObject([{ reason: 'publication_incomplete', tables: [], jobs: [] }]);
});

test('a source that left and comes back is a gap, read again for it, and closed', {
  timeout: 6 * DEADLINE_MS,
}, async () => {
  await using setting = await setUp();
  const { client, kafka, database, pipeline, definition } = setting;
  const gapJobs = async (): Promise<readonly object[]> =>
    (await listRedoJobs(client, JOBS_MAX)).filter(({ reason }) => reason === 'gap');
  await setting.init();
  {
    await using before = startReader(definition, database.url);
    await before.streams();
  }
  // The reader remembers it, and finds by itself that it was away.
  await client.query(`alter publication ${pipeline} drop table reviews`);
  await setting.init();
  expect(await gapJobs()).toEqual([]);

  const fewer = without(definition);
  await applyInit(client, kafka, { definition: fewer });
  {
    await using between = startReader(fewer, database.url);
    await between.streams();
  }
  await client.query("insert into reviews values ('lamp', 1, 'bad')");
  await setting.init();
  expect(await setting.init()).toEqual([]);
  const [job, ...others] = await gapJobs();
  expect(others).toEqual([]);
  expect(job).toMatchObject({ table: 'reviews', enrichments: ['sentiment'], state: 'waiting', chunks: 0 });
  expect(await listGaps(client)).toMatchObject([
    {
      reason: 'publication_changed',
      halts: false,
      state: 'repairing',
      tables: [{ schema: 'public', name: 'reviews' }],
      jobs: [Object(job).job],
    },
  ]);
  const topic = cdcTopic(pipeline, 'public', 'reviews');
  await using _enricher = await consume(enricherGroup(pipeline, 'sentiment'), topic, 1_000);
  await using after = startReader(definition, database.url);
  await after.streams();
  const closed = async (): Promise<boolean> =>
    (await listGaps(client)).every(({ state }) => state === 'closed');
  await until(closed, { deadlineMs: DEADLINE_MS, what: 'the gap to be closed', everyMs: 200 });
  expect(await listGaps(client)).toMatchObject([{ counts: { rows: 1, deleted: 0 } }]);
  const redone = (await readEvents(topic)).filter(({ event }) => event?.source.redo?.job === Object(job).job);
  expect(redone.map(({ event }) => event?.after)).toMatchObject([
    { product: 'lamp', number: 1, body: 'bad' },
  ]);
});

test('rows of a source that left are passed by a reader that was away: those of the others go on', async () => {
  await using setting = await setUp();
  const { client, kafka, database, pipeline, definition } = setting;
  await setting.init();
  {
    await using before = startReader(definition, database.url);
    await before.streams();
  }
  await client.query("insert into reviews values ('lamp', 1, 'bad')");
  await client.query('truncate reviews');
  const fewer = without(definition);
  // Published still: a definition that lacks it is not what the publication was made by.
  await using reader = startReader(fewer, database.url);
  await reader.standsStill(/unexpected_table: the publication holds public\.reviews/);
  await applyInit(client, kafka, { definition: fewer });
  await reader.streams();
  await client.query("insert into transactions (kind, amount, card_last4) values ('purchase', 1, '4242')");
  const topic = cdcTopic(pipeline, 'public', 'transactions');
  await until(async () => (await topicSize(topic)) >= 1, { deadlineMs: DEADLINE_MS, what: 'the next row' });
  expect(await topicSize(cdcTopic(pipeline, 'public', 'reviews'))).toBe(0);
});
