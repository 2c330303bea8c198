// Reviews through Comprehend under the quotas of an account: with ours, and as a consumer without batches would do it.
import { ComprehendClient, DetectSentimentCommand, type LanguageCode } from '@aws-sdk/client-comprehend';
import type { Calls } from '../../../services/aws-local/ledger.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../../shared/aws/settings.ts';
import { connectProducer } from '../../../shared/kafka/producer.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { readTopic } from '../../support/topic.ts';
import { until } from '../../support/wait.ts';
import type { MeasuredStandIn } from '../aws-local/stand-in.ts';
import type { Sample } from '../bench.ts';
import type { Parts } from '../reader/parts.ts';
import { reviewChange, reviewRecords } from './change-events.ts';
import { createBench } from './worker.ts';

/** How the stand-in is started for it: a call takes a while, and an account may make so many of them. */
export const ACCOUNT = ['--latency', '50ms', '--jitter', '20ms', '--quota', 'aws'] as const;
/** BatchDetectSentiment of such an account. */
const OUR_RATE = '10/s';
/** Far more than any of them gets done. */
const WAITING_ROWS_PER_SECOND = 1_000;
const SENT_AT_ONCE = 2_000;
/** What a Kafka consumer takes at once unless it is told otherwise. */
const POLLED_MAX = 500;
/** Per hundred characters, three at least. */
const UNIT_USD = 0.0001;
const READY_DEADLINE_MS = 120_000;
const LOOK_INTERVAL_MS = 25;

/** One enricher process, its definition as the bench has it but for the account's rate. */
export async function oursUnderQuota(
  parts: Parts,
  standIn: MeasuredStandIn,
  seconds: number,
): Promise<Sample> {
  const bench = await createBench(parts, 'sentiment', (text) =>
    text.replaceAll('rate: 1000000/s', `rate: ${OUR_RATE}`),
  );
  const logger = createLogger('bench', 'silent');
  await using producer = await connectProducer({ brokers: [parts.brokers], clientId: 'bench', logger });
  for (let from = 0; from < seconds * WAITING_ROWS_PER_SECOND; from += SENT_AT_ONCE) {
    await producer.send(reviewRecords(bench.changes, from, from + SENT_AT_ONCE));
  }
  await reset(standIn);
  const worker = await bench.start(`http://127.0.0.1:${standIn.port}`);
  try {
    const reading = async (): Promise<{ readonly outcomes: number; readonly calls: Counts }> => ({
      outcomes: await parts.countRecords(bench.enrichedTopic),
      calls: await countsOf(standIn),
    });
    const hasBegun = async (): Promise<boolean> => {
      if (worker.end !== undefined) throw new Error(`the enricher ${worker.end}: ${worker.gist()}`);
      return (await parts.countRecords(bench.enrichedTopic)) > 0;
    };
    const wait = { deadlineMs: READY_DEADLINE_MS, everyMs: LOOK_INTERVAL_MS, what: 'a first outcome' };
    await until(hasBegun, wait);
    const first = await reading();
    const startedAtMs = performance.now();
    const hasEnded = (): boolean => performance.now() - startedAtMs >= seconds * 1_000;
    await until(hasEnded, { ...wait, what: 'the end of the time' });
    const last = await reading();
    const changes = last.outcomes - first.outcomes;
    const passedSeconds = (performance.now() - startedAtMs) / 1_000;
    const failed = (await readTopic(bench.enrichedTopic, parts.brokers)).filter(({ value }) =>
      String(value).includes('"status":"failed"'),
    );
    const done = { changes: changes - failed.length, lost: failed.length, seconds: passedSeconds };
    return sampleOf(done, difference(last.calls, first.calls));
  } finally {
    await worker.stop();
  }
}

/**
 * Each change is a call of its own, through the client as it comes (three attempts): one after the other, or all that were
 * polled at once. A change whose call failed in the end is logged and left behind. Kafka is left out of it, at no cost to them.
 */
export async function naiveUnderQuota(
  way: 'sequential' | 'parallel',
  standIn: MeasuredStandIn,
  seconds: number,
): Promise<Sample> {
  await reset(standIn);
  const client = new ComprehendClient({
    endpoint: `http://127.0.0.1:${standIn.port}`,
    region: LOCAL_REGION,
    credentials: LOCAL_CREDENTIALS,
  });
  const call = async (number: number): Promise<boolean> => {
    const { row } = reviewChange(number);
    const Text = `${row.title}\n${row.body}`;
    const LanguageCode = String(row.language) as LanguageCode;
    return await client.send(new DetectSentimentCommand({ Text, LanguageCode })).then(
      () => true,
      () => false,
    );
  };
  const atOnce = way === 'parallel' ? POLLED_MAX : 1;
  const startedAtMs = performance.now();
  let changes = 0;
  let lost = 0;
  for (let next = 0; performance.now() - startedAtMs < seconds * 1_000; next += atOnce) {
    const polled = await Promise.all(Array.from({ length: atOnce }, (_, index) => call(next + index)));
    const scored = polled.filter((isScored) => isScored).length;
    changes += scored;
    lost += polled.length - scored;
  }
  const passedSeconds = (performance.now() - startedAtMs) / 1_000;
  client.destroy();
  return sampleOf({ changes, lost, seconds: passedSeconds }, await countsOf(standIn));
}

interface Counts {
  readonly calls: number;
  readonly throttled: number;
  readonly units: number;
}

function sampleOf(
  { changes, lost, seconds }: { changes: number; lost: number; seconds: number },
  { calls, throttled, units }: Counts,
): Sample {
  const per1000 = (count: number): number => (count * 1_000) / Math.max(1, changes);
  return {
    changes_per_second: changes / seconds,
    calls_per_1000: per1000(calls),
    throttled_per_1000: per1000(throttled),
    lost_per_1000: per1000(lost),
    usd_per_1000: per1000(units * UNIT_USD),
  };
}

async function countsOf({ port }: MeasuredStandIn): Promise<Counts> {
  const answer = await fetch(`http://127.0.0.1:${port}/_control/calls`);
  const { operations } = (await answer.json()) as Calls;
  const sum = (of: (each: Calls['operations'][number]) => number): number =>
    operations.reduce((total, each) => total + of(each), 0);
  return {
    calls: sum(({ calls }) => calls),
    throttled: sum(({ statuses }) => (statuses['400'] ?? 0) + (statuses['429'] ?? 0)),
    units: sum(({ paid_units }) => paid_units),
  };
}

const difference = (last: Counts, first: Counts): Counts => ({
  calls: last.calls - first.calls,
  throttled: last.throttled - first.throttled,
  units: last.units - first.units,
});

async function reset({ port }: MeasuredStandIn): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/_control/reset`, { method: 'POST' });
}
