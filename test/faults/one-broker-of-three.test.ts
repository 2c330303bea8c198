// F3: one of three brokers is away, then another one.
import { expect, test } from 'vitest';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { kafkaCluster } from '../support/kafka-cluster.ts';
import { RepeatCheck } from '../support/replay.ts';
import { eventsOf } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const WRITERS = 2;
/** Per partition, while a broker is away: more than waits anywhere for its turn. */
const RECORDS_MEANWHILE = 100n;

test('one of three brokers killed under load, then another: the stream goes on without it, and nothing is missing', {
  timeout: 600_000,
}, async () => {
  await using cluster = await kafkaCluster();
  const brokers = [cluster.addressOf(1), cluster.addressOf(2), cluster.addressOf(3)];
  // The first stays, so that the test itself always finds one.
  await using capture = await createCapture(
    'create table t (id bigint generated always as identity primary key, writer int)',
    { t: 'public.t' },
    18,
    cluster.addressOf(1),
  );
  await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
    environment: { ...capture.process.environment, KAFKA_BROKERS: brokers.join() },
  });
  await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers, clientId: 'test', logger });
  const stopping = new AbortController();
  const writers = Array.from({ length: WRITERS }, (_, writer) =>
    write(capture.database.url, writer, stopping.signal),
  );
  // Whoever asks may have to learn first that another broker leads now.
  const highs = (): Promise<readonly bigint[]> =>
    admin.ends(capture.topic('t')).then(
      (ends) => ends.map(({ high }) => high),
      () => [],
    );
  const goesOn = async (what: string): Promise<void> => {
    const before = await until(
      async () => {
        const found = await highs();
        return found.length > 0 && found;
      },
      { deadlineMs: DEADLINE_MS, what: `the ends of the topic ${what}`, everyMs: 200 },
    );
    const hasGrown = async (): Promise<boolean> => {
      const now = await highs();
      return before.every((high, partition) => (now[partition] ?? 0n) >= high + RECORDS_MEANWHILE);
    };
    await until(hasGrown, { deadlineMs: DEADLINE_MS, what: `every partition to grow ${what}`, everyMs: 200 });
  };
  try {
    await goesOn('with three brokers');
    await cluster.kill(3);
    await goesOn('without the third');
    await cluster.start(3);
    await cluster.kill(2);
    await goesOn('without the second');
    await cluster.start(2);
  } finally {
    stopping.abort();
    await Promise.allSettled(writers);
    await admin.close();
  }
  const written = (await Promise.all(writers)).reduce((sum, rows) => sum + rows, 0);
  await capture.caughtUp(DEADLINE_MS);
  expect(reader.end).toBeUndefined();
  const seen = new Set<string>();
  const repeats = new RepeatCheck();
  for await (const event of eventsOf(capture.topic('t'), cluster.addressOf(1))) {
    seen.add(event.key);
    repeats.accept(event);
  }
  expect(seen.size).toBe(written);
  expect((await reader.stop(DEADLINE_MS)).status).toBe(0);
});

/** Row after row until `signal` aborts; resolves with how many were committed. */
async function write(url: string, writer: number, signal: AbortSignal): Promise<number> {
  const client = await connectDatabase({ url, applicationName: 'test' });
  let rows = 0;
  try {
    while (!signal.aborted) {
      await client.query('insert into t (writer) values ($1)', [writer]);
      rows++;
    }
  } finally {
    await client.end();
  }
  return rows;
}
