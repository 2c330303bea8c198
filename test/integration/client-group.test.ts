// Several processes of another team read one topic together, come and go: nothing is left out, and no row goes back.
import { expect, test } from 'vitest';
import { type Change, compareFences, readEnriched } from '../../shared/client/index.ts';
import { recordOf } from '../../shared/client/records.test-support.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const PARTITIONS = 4;
const KEYS = Array.from({ length: 40 }, (_, index) => String(index));
const DEADLINE_MS = 60_000;

interface Member {
  readonly told: Change<unknown>[];
  end(): Promise<void>;
}

function join(pipeline: string, group: string): Member {
  const ending = new AbortController();
  const told: Change<unknown>[] = [];
  const options = { brokers: [brokers()], pipeline, enrichment: 'fraud', group, signal: ending.signal };
  const reading = (async () => {
    for await (const change of readEnriched<unknown>(options)) told.push(change);
  })();
  return {
    told,
    async end() {
      ending.abort();
      await reading;
    },
  };
}

test('members of a group share the rows, and take over from one that leaves', {
  timeout: 180_000,
}, async () => {
  const pipeline = uniquePipelineName();
  const topic = enrichedTopic(pipeline, 'fraud');
  const settings = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const admin = await connectKafkaAdmin(settings);
  await admin.createTopics([{ topic, partitions: PARTITIONS, settings: {} }]);
  await using producer = await connectProducer(settings);
  const sendAll = (at: number) =>
    producer.send(
      KEYS.map((each) => recordOf({ key: each, at, status: 'scored' })).map(({ key, value }) => {
        const text = String(key);
        return { topic, partition: partitionOf(text, PARTITIONS), key: text, value: String(value) };
      }),
    );
  const group = uniquePipelineName();
  const members = [join(pipeline, group)];
  const scoresOf = (told: readonly Change<unknown>[], at: number): ReadonlySet<unknown> =>
    new Set(
      told.flatMap((change) => (scoreOf(change) === at && change.kind === 'outcome' ? [change.keyText] : [])),
    );
  const allTold = (at: number) =>
    until(
      () =>
        scoresOf(
          members.flatMap(({ told }) => told),
          at,
        ).size === KEYS.length,
      {
        deadlineMs: DEADLINE_MS,
        what: `every row's outcome ${at}`,
      },
    );
  await sendAll(1);
  await allTold(1);
  const second = join(pipeline, group);
  members.push(second);
  // Until the second has a part of them, however the group is put together meanwhile.
  let at = 1;
  await until(
    async () => {
      at += 1;
      await sendAll(at);
      await allTold(at);
      return second.told.length > 0;
    },
    { deadlineMs: DEADLINE_MS, what: 'the second member to have rows' },
  );
  await members[0]?.end();
  await sendAll(at + 1);
  await allTold(at + 1);
  await second.end();
  for (const { told } of members) {
    const newest = new Map<string, Change<unknown>>();
    for (const change of told) {
      if (change.kind !== 'outcome') throw new Error(`nobody sent ${change.kind}`);
      const before = newest.get(change.keyText);
      if (before?.fence !== undefined) expect(compareFences(change.fence, before.fence)).toBeGreaterThan(0);
      newest.set(change.keyText, change);
    }
  }
  await admin.deleteTopics([topic]);
  await admin.close();
});

function scoreOf(change: Change<unknown>): number | undefined {
  if (change.kind !== 'outcome' || change.event.status !== 'scored') return undefined;
  return (change.event.result as { readonly score: number }).score;
}
