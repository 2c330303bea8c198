import { expect, test, vi } from 'vitest';
import type { TopicRecord } from '../topic-record.ts';
import type { Cluster } from './cluster.ts';
import { IdempotentProducer, PATIENCE } from './idempotent-producer.ts';
import type { ProduceAnswer } from './produce-protocol.ts';

const IDENTITY = { id: 7n, epoch: 0 };
const NOT_LEADER = 6;
const TOO_LARGE = 10;
const OUT_OF_ORDER = 45;
const DUPLICATE = 46;

interface Sent {
  readonly leader: string;
  readonly partition: number;
  readonly firstSequence: number;
  readonly count: number;
}

/** Where a batch begins in a request for one topic named 't', and what its producer wrote into it. */
function sentIn(leader: string, request: Buffer): Sent[] {
  const sent: Sent[] = [];
  const partitions = request.readInt32BE(12 + 3);
  let at = 12 + 3 + 4;
  for (let index = 0; index < partitions; index++) {
    const partition = request.readInt32BE(at);
    const bytes = request.readInt32BE(at + 4);
    const batch = request.subarray(at + 8, at + 8 + bytes);
    sent.push({ leader, partition, firstSequence: batch.readInt32BE(53), count: batch.readInt32BE(57) });
    at += 8 + bytes;
  }
  return sent;
}

type Answer = (sent: Sent, attempt: number) => number | Error;

/** A cluster that answers as told, since no real one can be made to lose one answer or to move one partition on demand. */
function clusterThat(
  answer: Answer,
  leaders: () => string | Promise<string> = () => '1',
  random: () => number = () => 0,
) {
  const attempts: Sent[][] = [];
  let refreshes = 0;
  let disconnects = 0;
  const cluster: Cluster = {
    connect: async () => {},
    disconnect: async () => {
      disconnects++;
    },
    newProducer: async () => IDENTITY,
    leaderOf: async () => leaders(),
    refresh: async () => {
      refreshes++;
    },
    async produce(leader, request): Promise<ProduceAnswer> {
      const sent = sentIn(leader, request);
      attempts.push(sent);
      const partitions = sent.map((one) => {
        const errorCode = answer(one, attempts.length);
        if (errorCode instanceof Error) throw errorCode;
        return { topic: 't', partition: one.partition, errorCode };
      });
      return { partitions, throttleMs: 0 };
    },
  };
  const producer = new IdempotentProducer(cluster, IDENTITY, PATIENCE, random);
  return { producer, attempts, refreshes: () => refreshes, disconnects: () => disconnects };
}

const record = (partition: number): TopicRecord => ({ topic: 't', partition, key: 'k', value: 'v' });

function connectionLost(): Error {
  const error = new Error('Connection closed');
  error.name = 'KafkaJSConnectionError';
  return error;
}

test('sequence numbers count the records of each partition', async () => {
  const { producer, attempts } = clusterThat(() => 0);
  await producer.send([record(0), record(0), record(1)]);
  await producer.send([record(0)]);
  expect(attempts).toEqual([
    [
      { leader: '1', partition: 0, firstSequence: 0, count: 2 },
      { leader: '1', partition: 1, firstSequence: 0, count: 1 },
    ],
    [{ leader: '1', partition: 0, firstSequence: 2, count: 1 }],
  ]);
});

test('sends that are asked for at once go out one after the other', async () => {
  const { producer, attempts } = clusterThat(() => 0);
  await Promise.all([
    producer.send([record(0)]),
    producer.send([record(0), record(0)]),
    producer.send([record(0)]),
  ]);
  expect(attempts.map(([sent]) => sent)).toMatchObject([
    { firstSequence: 0, count: 1 },
    { firstSequence: 1, count: 2 },
    { firstSequence: 3, count: 1 },
  ]);
});

test('only what was not written goes out again, with its own numbers, to whoever leads now', async () => {
  let leader = '1';
  const { producer, attempts, refreshes } = clusterThat(
    ({ partition }, attempt) => {
      if (attempt > 1 || partition !== 1) return 0;
      leader = '2';
      return NOT_LEADER;
    },
    () => leader,
  );
  await producer.send([record(0), record(1), record(1)]);
  expect(attempts[1]).toEqual([{ leader: '2', partition: 1, firstSequence: 0, count: 2 }]);
  expect(refreshes()).toBe(1);
});

test('a lost answer is no second copy: the same numbers go out, and a duplicate is as good as written', async () => {
  const { producer, attempts } = clusterThat((_, attempt) =>
    attempt === 1 ? connectionLost() : attempt === 2 ? DUPLICATE : 0,
  );
  await producer.send([record(0)]);
  await producer.send([record(0)]);
  expect(attempts.map(([sent]) => sent?.firstSequence)).toEqual([0, 0, 1]);
});

test.each([
  ['a refusal that lasts ends the send at once, and says so', TOO_LARGE, 'set_up', 'MESSAGE_TOO_LARGE', 1],
  [
    'numbers out of order end the send at once',
    OUT_OF_ORDER,
    'unavailable',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    1,
  ],
  ['a partition that stays away is given up', NOT_LEADER, 'unavailable', 'NOT_LEADER_OR_FOLLOWER', 24],
])('%s', async (_, errorCode, kind, code, expectedAttempts) => {
  const { producer, attempts } = clusterThat(() => errorCode);
  await expect(producer.send([record(0)])).rejects.toMatchObject({ kind, code });
  expect(attempts).toHaveLength(expectedAttempts);
});

test('after a failed send nothing more is sent: what the broker has of it is unknown', async () => {
  const { producer, attempts } = clusterThat(() => TOO_LARGE);
  await expect(producer.send([record(0)])).rejects.toThrow();
  await expect(producer.send([record(1)])).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  expect(attempts).toHaveLength(1);
});

test('a producer that is closed while it waits makes no further attempt', async () => {
  const { producer, attempts } = clusterThat(() => {
    void producer[Symbol.asyncDispose]();
    return NOT_LEADER;
  });
  await expect(producer.send([record(0)])).rejects.toMatchObject({ kind: 'unavailable' });
  expect(attempts).toHaveLength(1);
});

test('a leader that is found only after the cluster has missed the old one for 10 s ends no send', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const electedAtMs = performance.now() + 10_000;
    const { producer } = clusterThat(
      () => (performance.now() < electedAtMs ? NOT_LEADER : 0),
      () => '1',
      () => 1,
    );
    const sending = expect(producer.send([record(0)])).resolves.toBeUndefined();
    await vi.advanceTimersByTimeAsync(30_000);
    await sending;
  } finally {
    vi.useRealTimers();
  }
});

test('who leads is asked for one batch and not for every one while nobody answers: each question takes seconds', async () => {
  let questions = 0;
  const { producer } = clusterThat(
    () => 0,
    () => {
      questions++;
      throw connectionLost();
    },
  );
  await expect(producer.send([record(0), record(1), record(2)])).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'KafkaJSConnectionError',
  });
  expect(questions).toBe(24);
});

test('a producer that is closed while it asks who leads sends nothing, and closes what the question opened', async () => {
  const asked = Promise.withResolvers<void>();
  const leader = Promise.withResolvers<string>();
  const { producer, attempts, disconnects } = clusterThat(
    () => 0,
    () => {
      asked.resolve();
      return leader.promise;
    },
  );
  const sending = expect(producer.send([record(0)])).rejects.toMatchObject({ kind: 'unavailable' });
  await asked.promise;
  const closing = producer[Symbol.asyncDispose]();
  const before = disconnects();
  leader.resolve('1');
  await Promise.all([sending, closing]);
  expect(attempts).toEqual([]);
  expect(disconnects()).toBeGreaterThan(before);
});

test('a producer that is closed asks nobody anything any more', async () => {
  let questions = 0;
  const { producer } = clusterThat(
    () => 0,
    () => {
      questions++;
      return '1';
    },
  );
  await producer[Symbol.asyncDispose]();
  await expect(producer.send([record(0)])).rejects.toMatchObject({ kind: 'unavailable' });
  expect(questions).toBe(0);
});

test('a partition that cannot be is an error, never a record that is lost, and nothing of its send goes out later', async () => {
  const { producer, attempts } = clusterThat(() => 0);
  for (const partition of [Number.NaN, -1, 0.5]) {
    await expect(producer.send([record(0), record(partition)])).rejects.toThrow(RangeError);
  }
  await producer.send([record(1)]);
  expect(attempts).toEqual([[{ leader: '1', partition: 1, firstSequence: 0, count: 1 }]]);
});
