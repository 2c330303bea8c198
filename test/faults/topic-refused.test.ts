// F3: the brokers are there, and one topic takes nothing.
import { expect, test } from 'vitest';
import { CDC_MESSAGE_BYTES_MAX } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { brokers } from '../support/stack.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const ROWS = 2_000;

test('a topic that refuses every record holds the slot where it is; when it takes them again, all of them are there', {
  timeout: 400_000,
}, async () => {
  await using capture = await createCapture(
    'create table refused (id int primary key); create table taken (id int primary key)',
    { refused: 'public.refused', taken: 'public.taken' },
  );
  const { client, definition } = capture;
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  const bytesTaken = async (bytes: number): Promise<void> => {
    const topic = capture.topic('refused');
    await admin.alterTopics([{ topic, settings: { 'max.message.bytes': String(bytes) } }]);
    await until(
      async () => (await admin.describeTopics([topic]))[0]?.settings['max.message.bytes'] === String(bytes),
      { deadlineMs: DEADLINE_MS, what: 'the topic to be altered' },
    );
  };
  const distinct = async (table: string): Promise<number> =>
    new Set((await readEvents(capture.topic(table))).map(({ key }) => key)).size;
  await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
    environment: capture.process.environment,
  });
  await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
  await capture.caughtUp();
  await bytesTaken(1);
  await client.query(`insert into refused select generate_series(1, ${ROWS})`);
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  await client.query(`insert into taken select generate_series(1, ${ROWS})`);
  await reader.outputMatching(
    /"code":"MESSAGE_TOO_LARGE".*"msg":"somebody has to put this right: nothing is lost, trying again"/,
    DEADLINE_MS,
  );
  const behind = 'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn < $2';
  expect((await client.query(behind, [definition.pipeline, rows[0]?.lsn])).rowCount).toBe(1);
  expect(await distinct('refused')).toBe(0);
  expect(reader.end).toBeUndefined();
  await bytesTaken(CDC_MESSAGE_BYTES_MAX);
  await admin.close();
  await capture.caughtUp(DEADLINE_MS);
  expect([await distinct('refused'), await distinct('taken')]).toEqual([ROWS, ROWS]);
  expect((await reader.stop(DEADLINE_MS)).status).toBe(0);
});
