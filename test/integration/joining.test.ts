// A source or an enrichment that joins a pipeline whose reader has begun: what was there before comes by a job that init
// makes, and each row comes once.
import { expect, test } from 'vitest';
import { applyInit, previewInit } from '../../services/cli/init/apply.ts';
import type { Definition } from '../../shared/config/definition.ts';
import type { ChangeEvent } from '../../shared/contracts/events.ts';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import type { KafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectConsumer } from '../../shared/kafka/consumer.ts';
import { listRedoJobs, type RedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { registeredRevision } from '../../shared/side-tables/revisions.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { definitionOf, type InitSetting, setUp } from '../support/initialised.ts';
import { startReader } from '../support/reader.ts';
import { brokers } from '../support/stack.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;
const JOBS_MAX = 100;
const WINDOW = { rowsMax: 1_000, bytesMax: 1_048_576 };

const SECOND = `
  second:
    from: transactions
    model: { kind: sagemaker, endpoint: second, version: "1" }
    input: [amount]
    output: { score: float }`;

const insert =
  "insert into transactions (kind, amount, card_last4) select 'purchase', n, '4242' from generate_series(1, $1::int) n";

const jobs = async ({ client }: InitSetting): Promise<readonly RedoJob[]> =>
  await listRedoJobs(client, JOBS_MAX);

const jobDone = async (setting: InitSetting): Promise<void> => {
  await until(async () => (await jobs(setting)).every(({ state }) => state === 'done'), {
    deadlineMs: DEADLINE_MS,
    what: 'the job to be done',
    everyMs: 200,
  });
};

const arrived = async (topic: string, count: number): Promise<void> => {
  await until(async () => (await readEvents(topic)).filter(({ event }) => event !== null).length >= count, {
    deadlineMs: DEADLINE_MS,
    what: `${count} events in ${topic}`,
    everyMs: 200,
  });
};

/** A reader that ends before its slot has passed them gives changes again. */
const acknowledged = async ({ client, pipeline }: InitSetting): Promise<void> => {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  const passed = 'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2';
  await until(async () => (await client.query(passed, [pipeline, rows[0]?.lsn])).rowCount === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the slot to pass what is committed',
    everyMs: 200,
  });
};

/** What a member of the group gets first; redo is paced by what it finishes. */
async function firstRecords(group: string, topic: string, count: number): Promise<readonly ChangeEvent[]> {
  const logger = createLogger('test', 'silent');
  const kafka = { brokers: [brokers()], clientId: 'test', logger };
  await using consumer = await connectConsumer(kafka, { group, topics: [topic], window: WINDOW });
  const events: ChangeEvent[] = [];
  while (events.length < count) {
    const records = await consumer.queue.take({ ...WINDOW, waitMaxMs: 0 });
    if (records.length === 0) break;
    consumer.finish(records);
    for (const { value } of records)
      if (value !== null) events.push(JSON.parse(value.toString()) as ChangeEvent);
  }
  return events;
}

test('a new enrichment on an old source begins at the end of the topic, and gets the rows before by a job of its own', async () => {
  await using setting = await setUp();
  const { client, kafka, database, pipeline, definition } = setting;
  const topic = cdcTopic(pipeline, 'public', 'transactions');
  await setting.init();
  {
    await using reader = startReader(definition, database.url);
    await reader.streams();
    await client.query(insert, [5]);
    await arrived(topic, 5);
    await acknowledged(setting);
  }
  await client.query('analyze transactions');
  const joined = definitionOf(pipeline, { more: SECOND });
  const planned = await previewInit(client, kafka, { definition: joined });
  expect(planned.steps.find(({ title }) => title === 'backfill for second')?.reason).toContain(
    'about 5 rows of public.transactions',
  );
  expect(await jobs(setting)).toEqual([]);
  await setting.init({ more: SECOND });
  expect(await jobs(setting)).toMatchObject([
    { reason: 'backfill', enrichments: ['second'], state: 'waiting', estimatedRows: 5 },
  ]);
  expect(await setting.init({ more: SECOND })).toEqual([]);
  await client.query(insert, [1]);

  await using reader = startReader(joined, database.url);
  await reader.streams();
  const seen = await firstRecords(enricherGroup(pipeline, 'second'), topic, 7);
  await jobDone(setting);
  const changes = seen.filter(({ op }) => op === 'c');
  const redone = seen.filter(({ op }) => op === 'r');
  expect(changes.map(({ after }) => after?.id)).toEqual(['6']);
  expect(redone.map(({ after }) => after?.id).toSorted()).toEqual(['1', '2', '3', '4', '5', '6']);
  for (const { source } of redone) {
    expect(source.redo).toMatchObject({ enrichments: ['second'], reason: 'backfill' });
  }
});

test('a set-up that breaks off at the first offsets leaves neither revision nor job, and one made again makes one', async () => {
  await using setting = await setUp();
  const { client, kafka, database, pipeline, definition } = setting;
  await setting.init();
  {
    await using reader = startReader(definition, database.url);
    await reader.streams();
  }
  const joined = definitionOf(pipeline, { more: SECOND });
  const broken: KafkaAdmin = { ...kafka, startAtEnd: () => Promise.reject(new Error('gone')) };
  await expect(applyInit(client, broken, { definition: joined })).rejects.toThrow('gone');
  expect(await jobs(setting)).toEqual([]);
  await expect(registeredRevision(client, joined, 'second')).rejects.toMatchObject({
    code: 'revision_unregistered',
  });
  await setting.init({ more: SECOND });
  expect(await jobs(setting)).toHaveLength(1);
  const topic = cdcTopic(pipeline, 'public', 'transactions');
  const lag = await kafka.lag(enricherGroup(pipeline, 'second'), [topic]);
  expect(lag.map(({ committed, high }) => committed === high)).toEqual([true, true]);
});

test('a source that joins is loaded by a reader that knows it, without anybody asking', async () => {
  await using setting = await setUp();
  const { client, kafka, database, definition } = setting;
  const { reviews: _later, ...sources } = definition.sources;
  const { sentiment: _laterToo, ...enrichments } = definition.enrichments;
  const before: Definition = { ...definition, sources, enrichments };
  const topic = cdcTopic(definition.pipeline, 'public', 'reviews');
  await client.query("insert into reviews select 'p', n, 'good' from generate_series(1, 3) n");
  await applyInit(client, kafka, { definition: before });
  {
    await using old = startReader(before, database.url);
    await old.streams();
    const { steps } = await applyInit(client, kafka, { definition });
    expect(steps.map(({ title }) => title)).toContain('first load of reviews');
    await until(
      async () => (await old.metrics()).includes('redo_jobs{reason="snapshot",state="waiting"} 1'),
      { deadlineMs: DEADLINE_MS, what: 'the old reader to have seen the job', everyMs: 200 },
    );
  }
  expect(await jobs(setting)).toMatchObject([{ reason: 'snapshot', state: 'waiting', chunks: 0 }]);
  expect((await applyInit(client, kafka, { definition })).steps).toEqual([]);
  await using reader = startReader(definition, database.url);
  await reader.streams();
  await jobDone(setting);
  await client.query("insert into reviews values ('p', 4, 'bad')");
  await arrived(topic, 4);
  const told = (await readEvents(topic)).flatMap(({ event }) =>
    event === null ? [] : [`${event.op} ${event.after?.number} ${event.source.redo?.enrichments}`],
  );
  expect(told.toSorted()).toEqual(['c 4 undefined', 'r 1 sentiment', 'r 2 sentiment', 'r 3 sentiment']);
});

test('settings of a topic that are not enough are shown, then altered; what else it was given stays', async () => {
  await using setting = await setUp();
  const { client, kafka, pipeline, definition } = setting;
  await setting.init();
  const topic = cdcTopic(pipeline, 'public', 'reviews');
  const retained = { topic: `${pipeline}.notices`, settings: { 'retention.ms': '-1' } };
  await kafka.alterTopics([
    {
      topic,
      settings: { 'retention.ms': '3600000', 'max.message.bytes': '2000', 'segment.bytes': '1048576' },
    },
    retained,
  ]);
  const settingsOf = async (name: string): Promise<Readonly<Record<string, string>>> =>
    (await kafka.describeTopics([name]))[0]?.settings ?? {};
  // A broker says yes before it knows of it itself.
  const becomes = async (name: string, retentionMs: string): Promise<void> => {
    await until(async () => (await settingsOf(name))['retention.ms'] === retentionMs, {
      deadlineMs: DEADLINE_MS,
      what: `${name} to be altered`,
    });
  };
  await becomes(topic, '3600000');
  await becomes(retained.topic, '-1');
  const { steps } = await previewInit(client, kafka, { definition });
  expect(steps).toMatchObject([
    {
      kind: 'topic_settings',
      title: `settings of ${topic}`,
      reason: expect.stringMatching(
        /^retention.ms is 3600000 instead of 604800000; max.message.bytes is 2000/,
      ),
    },
  ]);
  expect(await setting.init()).toEqual([`settings of ${topic}`]);
  await becomes(topic, '604800000');
  expect(await settingsOf(topic)).toMatchObject({ 'cleanup.policy': 'delete', 'segment.bytes': '1048576' });
  expect(await settingsOf(retained.topic)).toMatchObject({ 'retention.ms': '-1' });
  expect(await setting.init()).toEqual([]);
});
