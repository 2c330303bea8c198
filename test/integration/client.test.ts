// What other teams use: the client that package.json exports, against a real Kafka.
import { describe, expect, test } from 'vitest';
import {
  type Change,
  decodeVectors,
  NewestResults,
  readEnriched,
  type UnreadableRecord,
} from '../../shared/client/index.ts';
import { eventOf, recordOf, type Said, tombstoneOf } from '../../shared/client/records.test-support.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import { connectProducer, type RecordProducer, type TopicRecord } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';

const PARTITIONS = 3;
const KAFKA = () => ({ brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') });

type Scores = { readonly score: number };

interface Topic extends AsyncDisposable {
  readonly pipeline: string;
  readonly of: {
    readonly brokers: readonly string[];
    readonly pipeline: string;
    readonly enrichment: string;
  };
  send(...records: readonly (Said | 'tombstone a' | TopicRecord)[]): Promise<void>;
}

async function createTopic(): Promise<Topic> {
  const pipeline = uniquePipelineName();
  const topic = enrichedTopic(pipeline, 'fraud');
  const admin = await connectKafkaAdmin(KAFKA());
  await admin.createTopics([{ topic, partitions: PARTITIONS, settings: { 'cleanup.policy': 'compact' } }]);
  const producer: RecordProducer = await connectProducer(KAFKA());
  const toRecords = (said: Said | 'tombstone a' | TopicRecord): readonly TopicRecord[] => {
    if (typeof said === 'object' && 'topic' in said) return [said];
    const { key, value, headers } = said === 'tombstone a' ? tombstoneOf('a') : recordOf(said);
    const record = {
      topic,
      key: String(key),
      value: value === null ? null : String(value),
      ...(headers === undefined ? {} : { headers: headers as Readonly<Record<string, string>> }),
    };
    if (typeof said === 'object' && said.status === 'truncated') {
      return Array.from({ length: PARTITIONS }, (_, partition) => ({ ...record, partition }));
    }
    return [{ ...record, partition: partitionOf(record.key, PARTITIONS) }];
  };
  return {
    pipeline,
    of: { brokers: [brokers()], pipeline, enrichment: 'fraud' },
    send: (...records) => producer.send(records.flatMap(toRecords)),
    async [Symbol.asyncDispose]() {
      await producer[Symbol.asyncDispose]();
      await admin.deleteTopics([topic]);
      await admin.close();
    },
  };
}

const scored = (key: string, at: number): Said => ({ key, at, status: 'scored' });
const deleted = (key: string, at: number): Said => ({ key, at, status: 'deleted' });
const truncated = (at: number): Said => ({ key: '', at, status: 'truncated' });

async function shownAt(topic: Topic): Promise<Readonly<Record<string, number>>> {
  const newest = new NewestResults<Scores>({ keysMax: 100 });
  for await (const change of readEnriched<Scores>({ ...topic.of, read: 'present' })) newest.apply(change);
  return Object.fromEntries([...newest.entries()].map(([key, { result }]) => [key, result.score]).toSorted());
}

const toldOf = (change: Change<Scores>): string =>
  change.kind === 'outcome' ? `${change.key.id}@${change.fence.commit_lsn.slice(-1)}` : change.kind;

describe('the results of an enrichment', () => {
  test('are the newest of each row after repetitions, replays, deletions and a truncate', async () => {
    await using topic = await createTopic();
    const first = [scored('old', 1), scored('a', 2), truncated(3), scored('a', 4), scored('b', 5)];
    await topic.send(...first, scored('b', 5), { key: 'c', at: 6, status: 'skipped' });
    await topic.send(deleted('a', 7), 'tombstone a', scored('a', 8));
    // A worker that died begins again a little before.
    await topic.send(scored('b', 5), deleted('a', 7), 'tombstone a', scored('a', 8), scored('c', 9));
    expect(await shownAt(topic)).toEqual({ '{"id":"a"}': 8, '{"id":"b"}': 5, '{"id":"c"}': 9 });
  });

  test('go on behind the last change whose turn was over when a member of a group comes back', async () => {
    await using topic = await createTopic();
    // One key, so that there is one order.
    await topic.send(...[1, 2, 3, 4, 5, 6].map((at) => scored('a', at)));
    const group = uniquePipelineName();
    const told: string[] = [];
    for await (const change of readEnriched<Scores>({ ...topic.of, group })) {
      told.push(toldOf(change));
      if (told.length === 3) break; // its turn is not over: it comes again
    }
    expect(told).toEqual(['a@1', 'a@2', 'a@3']);
    const rest: string[] = [];
    for await (const change of readEnriched<Scores>({ ...topic.of, group })) {
      rest.push(toldOf(change));
      if (rest.length === 4) break;
    }
    expect(rest).toEqual(['a@3', 'a@4', 'a@5', 'a@6']);
  });

  test('come as they are published, until the signal ends the loop', async () => {
    await using topic = await createTopic();
    await topic.send(scored('a', 1));
    const ending = new AbortController();
    const told: string[] = [];
    for await (const change of readEnriched<Scores>({ ...topic.of, signal: ending.signal })) {
      told.push(toldOf(change));
      if (told.length === 1) await topic.send(scored('a', 1), scored('a', 2));
      if (told.length === 2) ending.abort();
    }
    expect(told).toEqual(['a@1', 'a@2']);
    const ended = { ...topic.of, signal: AbortSignal.abort() };
    expect(await readEnriched(ended).next()).toEqual({ done: true, value: undefined });
    // What is present is all or nothing.
    await expect(readEnriched({ ...ended, read: 'present' }).next()).rejects.toThrow(/abort/);
  });
});

describe('a record that the client cannot read', () => {
  const strange = (topic: Topic, headers: Readonly<Record<string, string>>, more: object): TopicRecord => ({
    topic: enrichedTopic(topic.pipeline, 'fraud'),
    partition: partitionOf('{"id":"a"}', PARTITIONS),
    key: '{"id":"a"}',
    value: JSON.stringify({ ...eventOf(scored('a', 2)), ...more }),
    headers,
  });

  test('because it is of a newer major version stops it with its place, in groups, too', async () => {
    await using topic = await createTopic();
    await topic.send(
      scored('a', 1),
      strange(topic, { ce_type: 'dev.afterglow.enriched.v2' }, { status: 'rated' }),
    );
    for (const more of [{ read: 'present' }, { group: uniquePipelineName() }] as const) {
      const told: string[] = [];
      const reading = (async () => {
        for await (const change of readEnriched<Scores>({ ...topic.of, ...more })) told.push(toldOf(change));
      })();
      await expect(reading).rejects.toMatchObject({ reason: 'newer_schema', offset: '1' });
      expect(told).toEqual(['a@1']);
    }
  });

  test('is left out where the caller says so; a later minor version is read', async () => {
    await using topic = await createTopic();
    await topic.send(
      strange(topic, { ce_type: 'dev.afterglow.enriched.v2' }, {}),
      strange(topic, { ce_type: 'dev.afterglow.enriched.v1' }, { later: { field: 1 } }),
      strange(topic, {}, { status: 'rated' }),
    );
    const left: UnreadableRecord[] = [];
    const told: Change<Readonly<Record<string, unknown>>>[] = [];
    const options = {
      ...topic.of,
      read: 'present',
      onUnreadable: (error: UnreadableRecord) => left.push(error),
    } as const;
    for await (const change of readEnriched(options)) told.push(change);
    expect(left.map(({ reason }) => reason)).toEqual(['newer_schema', 'not_an_event']);
    expect(told).toMatchObject([{ kind: 'outcome', event: { later: { field: 1 } } }]);
  });

  test('because its result is another one than expected says so', async () => {
    await using topic = await createTopic();
    await topic.send(scored('a', 1));
    const first = readEnriched({ ...topic.of, read: 'present', decode: decodeVectors }).next();
    await expect(first).rejects.toMatchObject({ reason: 'result' });
  });
});

test('a topic that does not exist, and a group of our own, are refused in words', async () => {
  const of = { brokers: [brokers()], pipeline: uniquePipelineName(), enrichment: 'fraud' };
  for (const more of [{}, { read: 'present' }, { read: 'new' }, { group: uniquePipelineName() }] as const) {
    await expect(readEnriched({ ...of, ...more }).next()).rejects.toMatchObject({ code: 'topic_missing' });
  }
  await expect(readEnriched({ ...of, group: `${of.pipeline}.writer` }).next()).rejects.toThrow(RangeError);
});
