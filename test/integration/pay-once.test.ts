// What a model is asked for, and what the stand-in counts as paid: an input once, whatever happens around it.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { cdcTopic, enrichedTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { startChild, type TestChild } from '../support/child.ts';
import { enrichAsItself } from '../support/own-login.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { projectFolder } from '../support/project-folder.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 400_000;
const NOTES = `
  create table notes (id bigint generated always as identity primary key, title text not null, body text not null,
    views integer not null default 0);
  alter table notes alter column body set storage external`;

const definitionOf = (text: string): string => `version: 1
${/^pipeline: .*$/m.exec(text)?.[0]}
sources:
  notes: { table: public.notes, partitions: 4 }
enrichments:
  embedding:
    from: notes
    model: { kind: titan-embedding, dimensions: 256 }
    input: [title, body]
`;

const createNotes = (version: 16 | 18 = 18): Promise<TestPipeline> =>
  createPipeline(version, definitionOf, NOTES);

const paidCalls = ({ awsLocal }: TestPipeline): number =>
  awsLocal.control.calls().operations.reduce((sum, { paid_calls }) => sum + paid_calls, 0);

async function add(client: DatabaseClient, title: string, body: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'insert into notes (title, body) values ($1, $2) returning id',
    [title, body],
  );
  return rows[0]?.id ?? '';
}

interface State {
  readonly status: string;
  readonly lsn: string;
  readonly hash: string | null;
}

async function stateOf(client: DatabaseClient, id: string): Promise<State | undefined> {
  const { rows } = await client.query<State>(
    "select status, commit_lsn::text as lsn, encode(input_hash, 'hex') as hash from afterglow_internal.state_embedding where key_id = $1",
    [id],
  );
  return rows[0];
}

/** The outcome of a newer change than `before`. */
async function newer(client: DatabaseClient, id: string, before?: State): Promise<State> {
  return await until(
    async () => {
      const state = await stateOf(client, id);
      return state !== undefined && state.lsn !== before?.lsn ? state : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: `a newer outcome of note ${id}` },
  );
}

async function eventsOf(
  { definition }: TestPipeline,
  id: string,
): Promise<readonly (EnrichedEvent | null)[]> {
  const records = await readTopic(enrichedTopic(definition.pipeline, 'embedding'));
  return records
    .filter(({ key }) => key?.toString() === `{"id":"${id}"}`)
    .map(({ value }) => (value === null ? null : (JSON.parse(value.toString()) as EnrichedEvent)));
}

const long = (word: string): string => `${word} `.repeat(1_200);

test.for([16, 18] as const)(
  'an update that leaves the input alone calls nothing, one that touches it is completed (PostgreSQL %i)',
  { timeout: TEST_MAX_MS },
  async (version) => {
    await using pipeline = await createNotes(version);
    const { client } = pipeline;
    await pipeline.start('reader', 'enricher embedding', 'writer').ready();
    const note = await add(client, 'first', long('river'));
    const inserted = await newer(client, note);
    expect({ status: inserted.status, paid: paidCalls(pipeline) }).toEqual({ status: 'scored', paid: 1 });

    await client.query('update notes set views = 1 where id = $1', [note]);
    const viewed = await newer(client, note, inserted);
    expect(viewed).toMatchObject({ status: 'scored', hash: inserted.hash });
    expect(paidCalls(pipeline)).toBe(1);
    const repeated = (await eventsOf(pipeline, note)).at(-1);
    expect(repeated).toMatchObject({ status: 'scored', cached: true, cost_nano_usd: 0, attempts: 0 });

    await client.query("update notes set title = 'second' where id = $1", [note]);
    const retitled = await newer(client, note, viewed);
    expect(retitled.status).toBe('scored');
    expect(retitled.hash).not.toBe(inserted.hash);
    expect(paidCalls(pipeline)).toBe(2);

    // The same text as a whole in another row: what was sent was title and body, not a placeholder.
    const twin = await newer(client, await add(client, 'second', long('river')));
    expect(twin.hash).toBe(retitled.hash);
    expect(paidCalls(pipeline)).toBe(2);
  },
);

test('what stands beside a row is not asked for again by a process that remembers nothing', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline();
  const { client } = pipeline;
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  const position = async (): Promise<string | undefined> => {
    const { rows } = await client.query<{ lsn: string }>(
      "select commit_lsn::text as lsn from afterglow_internal.state_fraud where status = 'scored'",
    );
    return rows[0]?.lsn;
  };
  await pipeline.start('reader', 'writer').ready();
  let first: string;
  {
    await using enricher = pipeline.start('enricher');
    await enricher.ready();
    await client.query(
      `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
         values (1, 25, 'Shop', 'digital', 'US', '4242', false)`,
    );
    first = await until(position, { deadlineMs: DEADLINE_MS, what: 'a score' });
  }
  await pipeline.start('enricher').ready();
  const asked = paidCalls(pipeline);
  await client.query("update transactions set status = 'settled'");
  await until(async () => (await position()) !== first, {
    deadlineMs: DEADLINE_MS,
    what: 'the newer outcome',
  });
  expect(paidCalls(pipeline)).toBe(asked);
  await client.query('update transactions set amount = 26');
  await until(() => paidCalls(pipeline) === asked + 1, { deadlineMs: DEADLINE_MS, what: 'another input' });
});

test('a row that is gone before its change could be completed is deleted', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createNotes();
  const { client } = pipeline;
  await pipeline.start('reader', 'writer').ready();
  {
    await using enricher = pipeline.start('enricher embedding');
    await enricher.ready();
    await newer(client, await add(client, 'first', long('river')));
  }
  await client.query("update notes set title = 'second'");
  await client.query('delete from notes');
  await pipeline.start('enricher embedding').ready();
  await until(async () => (await eventsOf(pipeline, '1')).length === 5, {
    deadlineMs: DEADLINE_MS,
    what: 'outcome and tombstone of update and delete',
  });
  const events = await eventsOf(pipeline, '1');
  expect(
    events.map((event) => (event?.status === 'deleted' ? event.cause : (event?.status ?? null))),
  ).toEqual(['scored', 'gone', null, 'delete', null]);
  expect(paidCalls(pipeline)).toBe(1);
});

test('the privileges that init grants are enough for all of this, and for recording a gap', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createNotes();
  const { client, definition } = pipeline;
  await pipeline.start('reader', 'writer').ready();
  {
    await using _enricher = await enrichAsItself(pipeline, 'embedding');
    const note = await add(client, 'first', long('river'));
    const inserted = await newer(client, note);
    await client.query('update notes set views = 1');
    expect((await newer(client, note, inserted)).hash).toBe(inserted.hash);
    expect(paidCalls(pipeline)).toBe(1);
  }
  await client.query(
    `insert into afterglow_internal.known_groups (group_id, topic, partition, last_offset)
     select $1, $2, partition, 5 from generate_series(0, 3) as partition on conflict do nothing`,
    [enricherGroup(definition.pipeline, 'embedding'), cdcTopic(definition.pipeline, 'public', 'notes')],
  );
  await using _again = await enrichAsItself(pipeline, 'embedding');
  expect(await listGaps(client)).toMatchObject([
    { reason: 'group_offsets_lost', jobs: [expect.any(String)] },
  ]);
});

test('two processes pay for equal texts once each at most', { timeout: TEST_MAX_MS }, async () => {
  await using pipeline = await createNotes();
  const { client } = pipeline;
  await pipeline.start('reader', 'writer').ready();
  const TEXTS = 5;
  await client.query(
    "insert into notes (title, body) select 'text ' || n % $1, 'equal' from generate_series(1, 200) as n",
    [TEXTS],
  );
  await pipeline.start('enricher embedding', 'enricher embedding').ready();
  const isDone = async (): Promise<boolean> => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int4 as count from afterglow.embedding',
    );
    return rows[0]?.count === 200;
  };
  await until(isDone, { deadlineMs: DEADLINE_MS, what: '200 vectors' });
  expect(paidCalls(pipeline)).toBeGreaterThanOrEqual(TEXTS);
  expect(paidCalls(pipeline)).toBeLessThanOrEqual(2 * TEXTS);
  const { rows } = await client.query(
    'select count(distinct embedding::text)::int4 as vectors from afterglow.embedding',
  );
  expect(rows).toEqual([{ vectors: TEXTS }]);
});

test('killed between paying and publishing, a worker pays again only for what was under way', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createNotes();
  const { client, awsLocal } = pipeline;
  const ROWS = 300;
  awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 40 } });
  await pipeline.start('reader', 'writer').ready();
  await client.query(
    "insert into notes (title, body) select 'text ' || n, 'of its own' from generate_series(1, $1::int4) as n",
    [ROWS],
  );
  await using project = projectFolder();
  writeFileSync(
    join(project.path, 'afterglow.yaml'),
    definitionOf(`pipeline: ${pipeline.definition.pipeline}`),
  );
  const start = (): Promise<TestChild> =>
    startChild(resolve('services/cli/main.ts'), ['enricher', 'embedding'], {
      folder: project.path,
      environment: pipeline.environment,
    });
  const cached = async (): Promise<number> => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int4 as count from afterglow_internal.request_cache',
    );
    return rows[0]?.count ?? 0;
  };
  const sessions = async (): Promise<number> => {
    const { rowCount } = await client.query(
      "select from pg_stat_activity where datname = current_database() and application_name like '% enricher %'",
    );
    return rowCount ?? 0;
  };
  let lost = 0;
  for (const paid of [40, 120]) {
    await using child = await start();
    await until(() => paidCalls(pipeline) - lost >= paid, {
      deadlineMs: DEADLINE_MS,
      what: `${paid} paid calls`,
    });
    child.kill('SIGKILL');
    await child.ended;
    // What it was just storing is there, or is not there any more.
    await until(async () => (await sessions()) === 0, {
      deadlineMs: DEADLINE_MS,
      what: 'its sessions to end',
    });
    // What the killed process had sent is paid for when it is answered.
    await until(
      () => awsLocal.control.calls().operations.every(({ calls, statuses }) => calls === total(statuses)),
      {
        deadlineMs: DEADLINE_MS,
        what: 'the last answers',
      },
    );
    lost = paidCalls(pipeline) - (await cached());
  }
  await pipeline.start('enricher embedding').ready();
  await until(async () => (await cached()) === ROWS, { deadlineMs: DEADLINE_MS, what: 'all texts' });
  const isDone = async (): Promise<boolean> => {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int4 as count from afterglow.embedding',
    );
    return rows[0]?.count === ROWS;
  };
  await until(isDone, { deadlineMs: DEADLINE_MS, what: 'all vectors' });
  expect(paidCalls(pipeline)).toBe(ROWS + lost);
});

const total = (statuses: Readonly<Record<string, number>>): number =>
  Object.values(statuses).reduce((sum, count) => sum + count, 0);
