import { expect, onTestFinished, test, vi } from 'vitest';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import { WentBack } from '../../shared/side-tables/written-outcomes.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { goBackToWritten, placesToGoBackTo, watchWritten } from './went-back.ts';
import { WrittenOutcomes } from './written-outcomes.ts';

/** From one look to the next. */
const LOOK_MS = 5_000;

const lag = (committed: bigint | undefined) => ({ topic: 't', partition: 1, low: 0n, high: 900n, committed });
const stretch = (next: bigint, partition = 1) => ({ topic: 't', partition, first: 5n, next, newestMs: 7 });

test.each<[string, bigint | undefined, ReturnType<typeof stretch>[], string | undefined]>([
  ['a group that begins', undefined, [], undefined],
  ['a group at the beginning', 0n, [], undefined],
  ['a group that the client has set to the start of the log', -2n, [], undefined],
  ['a group where the database is', 40n, [stretch(40n)], undefined],
  ['a group behind the database', 30n, [stretch(40n)], undefined],
  ['a group that is further', 50n, [stretch(40n)], '40'],
  ['a group of which the database knows nothing', 50n, [stretch(60n, 2)], '0'],
])('%s', (_name, committed, stretches, offset) => {
  const expected = offset === undefined ? [] : [{ topic: 't', partition: 1, offset }];
  expect(placesToGoBackTo([lag(committed)], stretches)).toEqual(expected);
});

test('where Kafka gives topics no ids nothing is noted, and no group is ever sent back', async () => {
  const commits: unknown[] = [];
  const database = {
    query: async () => ({ rows: [] }),
  } as unknown as Queryable;
  // Asking this Kafka for lags would fail: it is not there.
  const kafka = { brokers: ['127.0.0.1:1'], clientId: 'test', logger: createLogger('test', 'silent') };
  const admission = {
    partitions: { t: [0, 1] },
    commit: async (places: unknown) => void commits.push(places),
  };
  await goBackToWritten({ database, kafka, group: 'g', topicIds: new Map() }, admission);
  expect(commits).toEqual([]);
});

const record = (topic: string): FetchedRecord => ({
  topic,
  partition: 0,
  offset: 4n,
  key: null,
  value: null,
  timestampMs: 7,
  assignment: { current: true },
});

test('what all lanes have written is compared with one look at the database, until something of it is missing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const over = new AbortController();
  onTestFinished(() => {
    over.abort();
    vi.useRealTimers();
  });
  const topics = ['one', 'two', 'three'];
  let next = 5;
  let asked = 0;
  const query = async () => {
    asked += 1;
    return {
      rows: topics.map((topic) => ({ topic, partition: 0, first: '0', next: String(next), newest: '7' })),
    };
  };
  const database = { query } as unknown as Queryable;
  const topicIds = new Map(topics.map((topic) => [topic, topic]));
  const lanes = topics.map(() => new WrittenOutcomes(database, topicIds));
  const wentBack = watchWritten({ database, topicIds }, lanes, over.signal);
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(asked).toBe(0);
  for (const [place, lane] of lanes.entries()) lane.committed([record(topics[place] ?? '')]);
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect([asked, wentBack.aborted]).toEqual([1, false]);
  next = 4;
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(asked).toBe(2);
  expect(wentBack.reason).toBeInstanceOf(WentBack);
});
