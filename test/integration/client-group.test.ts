// Several processes of another team read one topic together, come and go: nothing is left out, and no row goes back.
import { expect, onTestFinished, test } from 'vitest';
import { type Change, compareFences, readEnriched } from '../../shared/client/index.ts';
import { recordOf } from '../../shared/client/records.test-support.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../shared/kafka/admin.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { brokers, uniquePipelineName } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const PARTITIONS = 4;
const KEYS = Array.from({ length: 40 }, (_, index) => String(index));
const DEADLINE_MS = 60_000;
const TIMES_MADE_ANEW = 5;

interface Member {
  readonly told: Change<unknown>[];
  /** Throws what it ended with before its time. */
  goesOn(): void;
  end(): Promise<void>;
}

function join(pipeline: string, group: string): Member {
  const ending = new AbortController();
  const told: Change<unknown>[] = [];
  const options = { brokers: [brokers()], pipeline, enrichment: 'fraud', group, signal: ending.signal };
  const failures: unknown[] = [];
  const reading = (async () => {
    for await (const change of readEnriched<unknown>(options)) told.push(change);
  })();
  reading.catch((error) => failures.push(error));
  return {
    told,
    goesOn() {
      if (failures.length > 0) throw failures[0];
    },
    async end() {
      ending.abort();
      await reading;
    },
  };
}

interface Team {
  readonly group: string;
  readonly topic: string;
  readonly admin: KafkaAdmin;
  createTopic(): Promise<void>;
  join(): Member;
  /** An outcome of every row. */
  send(at: number): Promise<void>;
  /** Resolves when the members have been told these outcomes of all rows. */
  told(at: number): Promise<void>;
}

async function createTeam(): Promise<Team> {
  const pipeline = uniquePipelineName();
  const group = uniquePipelineName();
  const topic = enrichedTopic(pipeline, 'fraud');
  const settings = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  const admin = await connectKafkaAdmin(settings);
  const producer = await connectProducer(settings);
  const members: Member[] = [];
  onTestFinished(async () => {
    await producer[Symbol.asyncDispose]();
    await Promise.allSettled(members.map((member) => member.end()));
    await admin.deleteTopics([topic]);
    await admin.close();
  });
  const createTopic = async () => {
    await admin.createTopics([{ topic, partitions: PARTITIONS, settings: {} }]);
  };
  await createTopic();
  return {
    group,
    topic,
    admin,
    createTopic,
    join() {
      const member = join(pipeline, group);
      members.push(member);
      return member;
    },
    async send(at) {
      await producer.send(
        KEYS.map((each) => recordOf({ key: each, at, status: 'scored' })).map(({ key, value }) => {
          const text = String(key);
          return { topic, partition: partitionOf(text, PARTITIONS), key: text, value: String(value) };
        }),
      );
    },
    async told(at) {
      const isTold = (): boolean => {
        for (const member of members) member.goesOn();
        return scoresOf(members, at).size === KEYS.length;
      };
      await until(isTold, { deadlineMs: DEADLINE_MS, what: `every row's outcome ${at}` });
    },
  };
}

test('members of a group share the rows, and take over from one that leaves', async () => {
  const team = await createTeam();
  const first = team.join();
  await team.send(1);
  await team.told(1);
  const second = team.join();
  // Until the second has a part of them, however the group is put together meanwhile.
  let at = 1;
  await until(
    async () => {
      at += 1;
      await team.send(at);
      await team.told(at);
      return second.told.length > 0;
    },
    { deadlineMs: DEADLINE_MS, what: 'the second member to have rows' },
  );
  await first.end();
  await team.send(at + 1);
  await team.told(at + 1);
  await second.end();
  for (const { told } of [first, second]) {
    const newest = new Map<string, Change<unknown>>();
    for (const change of told) {
      if (change.kind !== 'outcome') throw new Error(`nobody sent ${change.kind}`);
      const before = newest.get(change.keyText);
      if (before?.fence !== undefined) expect(compareFences(change.fence, before.fence)).toBeGreaterThan(0);
      newest.set(change.keyText, change);
    }
  }
});

test('a member goes on when its partitions get other leaders in the middle of a fetch', async () => {
  const { group, topic, admin, ...team } = await createTeam();
  const member = team.join();
  const hasJoined = async () => (await admin.membersOf([group])) === 1;
  await until(hasJoined, { deadlineMs: DEADLINE_MS, what: 'a member of the group' });
  for (let time = 0; time < TIMES_MADE_ANEW; time++) {
    // Who leads a topic that is gone, or just made, is found out by asking again.
    await admin.deleteTopics([topic]);
    const isGone = async () => !(await admin.listTopics()).includes(topic);
    await until(isGone, { deadlineMs: DEADLINE_MS, what: 'the topic to be gone' });
    await team.createTopic();
  }
  await team.send(1);
  await team.told(1);
  await member.end();
});

function scoresOf(members: readonly Member[], at: number): ReadonlySet<string> {
  const changes = members.flatMap(({ told }) => told);
  return new Set(
    changes.flatMap((change) =>
      scoreOf(change) === at && change.kind === 'outcome' ? [change.keyText] : [],
    ),
  );
}

function scoreOf(change: Change<unknown>): number | undefined {
  if (change.kind !== 'outcome' || change.event.status !== 'scored') return undefined;
  return (change.event.result as { readonly score: number }).score;
}
