// The database loses its newest transactions, as in a crash that took back what was committed, or behind a standby that lagged.
import { expect, test } from 'vitest';
import { goBackToWritten } from '../../services/writer/went-back.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { readTopicIds } from '../../shared/kafka/topic-ids.ts';
import { isTransient } from '../../shared/postgres/transient.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { forgetRecords, forgetsRecords, offsetsRemembered } from '../support/forgetting-kafka.ts';
import { scored } from '../support/side-tables.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';
import { createWriting, type TestWriting } from '../support/writing.ts';

const DEADLINE_MS = 60_000;
const TABLES = [
  'afterglow.fraud',
  'afterglow_internal.state_fraud',
  'afterglow_internal.written_outcomes',
  'afterglow_internal.known_groups',
];
const kept = (table: string): string => `kept_${table.replace('.', '_')}`;

const outcomes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => scored(String(from + index), 5, 0.5));

async function keepTables({ client }: TestWriting): Promise<void> {
  for (const table of TABLES) await client.query(`create table ${kept(table)} as table ${table}`);
}

/** All at once, and all others have to connect anew. */
async function goBack({ client }: TestWriting): Promise<void> {
  await client.query('begin');
  await client.query(`lock table ${TABLES.join(', ')}`);
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
  for (const table of TABLES) {
    const { rows } = await client.query<{ columns: string }>(
      `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [table],
    );
    const columns = rows[0]?.columns;
    await client.query(`delete from ${table}`);
    await client.query(`insert into ${table} (${columns}) select ${columns} from ${kept(table)}`);
  }
  await client.query('commit');
}

async function rows({ client }: TestWriting): Promise<number> {
  const { rows: found } = await client.query<{ count: number }>(
    'select count(*)::int4 from afterglow_internal.state_fraud join afterglow.fraud on id = key_id',
  );
  return found[0]?.count ?? 0;
}

const written = (writing: TestWriting, count: number): Promise<unknown> =>
  until(async () => (await rows(writing)) === count, {
    deadlineMs: DEADLINE_MS,
    what: `${count} results`,
  });

test('what a running writer had written and the database lost is written again, whether anything comes behind it or not', async () => {
  await using writing = await createWriting();
  await using _writer = writing.start();
  await writing.publish(outcomes(0, 30));
  await writing.caughtUp();
  await keepTables(writing);
  await writing.publish(outcomes(30, 60));
  await writing.caughtUp();
  await goBack(writing);
  await written(writing, 60);
  await goBack(writing);
  await writing.publish(outcomes(60, 90));
  await written(writing, 90);
  await writing.caughtUp();
});

test('a writer that starts goes back to where the database is', async () => {
  await using writing = await createWriting();
  {
    await using _writer = writing.start();
    await writing.publish(outcomes(0, 30));
    await writing.caughtUp();
    await keepTables(writing);
    await writing.publish(outcomes(30, 60));
    await writing.caughtUp();
  }
  await goBack(writing);
  expect(await rows(writing)).toBe(30);
  await using _one = writing.start();
  await using _other = writing.start();
  await written(writing, 60);
});

test('a place to go back to that Kafka does not take is a part that is away: the next membership tries again', async () => {
  await using writing = await createWriting();
  const { client, definition } = writing;
  const topic = enrichedTopic(definition.pipeline, 'fraud');
  const group = writerGroup(definition.pipeline);
  const kafka = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  {
    await using _writer = writing.start();
    await writing.publish(outcomes(0, 3));
    await writing.caughtUp();
  }
  await client.query('delete from afterglow_internal.written_outcomes');
  const places = { database: client, kafka, group, topicIds: await readTopicIds(kafka, [topic]) };
  const ended = Object.assign(new Error('ended'), {
    name: 'KafkaJSProtocolError',
    type: 'UNKNOWN_MEMBER_ID',
  });
  const partitions = { [topic]: [0, 1, 2] };
  const error: unknown = await goBackToWritten(places, {
    partitions,
    commit: () => Promise.reject(ended),
  }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'kafka_unreachable', cause: ended });
  expect(isTransient(error)).toBe(true);
});

test('what the database lost and Kafka does not have any more is a gap', async () => {
  await using writing = await createWriting();
  const topic = enrichedTopic(writing.definition.pipeline, 'fraud');
  await forgetsRecords(topic);
  {
    await using _writer = writing.start();
    await writing.publish(outcomes(0, 30));
    await writing.caughtUp();
    await offsetsRemembered(writing.client, writerGroup(writing.definition.pipeline));
    await keepTables(writing);
    await writing.publish(outcomes(30, 60));
    await writing.caughtUp();
  }
  await goBack(writing);
  await forgetRecords(topic);
  await using _writer = writing.start();
  const gaps = await until(
    async () => {
      const found = await listGaps(writing.client);
      return found.length > 0 ? found : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: 'the gap' },
  );
  expect(gaps).toMatchObject([{ reason: 'group_offsets_lost', halts: false }]);
});
