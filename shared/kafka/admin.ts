import { setTimeout as wait } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { commitForGroup, SOMEBODY_IN_GROUP } from './commit-for-group.ts';
import { createKafka, type KafkaSettings, kafkaUnreachable } from './connect.ts';
import { isUnknownTopic, kafkaErrorType } from './error-type.ts';
import { type GroupOffsets, groupOffsets } from './group-offsets.ts';
import { askLeaders, untilLed } from './leaders.ts';

// Node sees only some of the names that this CommonJS module exports.
const { ConfigResourceTypes, ConfigSource } = kafkajs;

export interface TopicDefinition {
  readonly topic: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly settings: Readonly<Record<string, string>>;
}

export interface PartitionEnds {
  readonly topic: string;
  readonly partition: number;
  /** First offset still kept. */
  readonly low: bigint;
  /** Next offset to be written. */
  readonly high: bigint;
}

export interface PartitionLag extends PartitionEnds {
  /** Next offset the group wants; undefined: never committed. */
  readonly committed: bigint | undefined;
}

/** What set-up, status and doctor ask of Kafka. */
export interface KafkaAdmin {
  listTopics(): Promise<readonly string[]>;
  /** Missing topics are undefined, in the order asked. */
  describeTopics(topics: readonly string[]): Promise<readonly (TopicDescription | undefined)[]>;
  /** Creates what is missing; true for each topic that it made. Existing ones are left alone. */
  createTopics(definitions: readonly TopicDefinition[]): Promise<readonly boolean[]>;
  /** Gives topics these settings; what else they were given stays. */
  alterTopics(changes: readonly Pick<TopicDefinition, 'topic' | 'settings'>[]): Promise<void>;
  deleteTopics(topics: readonly string[]): Promise<void>;
  deleteGroups(groups: readonly string[]): Promise<void>;
  /** A group that has never committed begins with what comes from now on. One that has stays where it is. */
  startAtEnd(group: string, topic: string): Promise<void>;
  /** How many processes are in these groups. */
  membersOf(groups: readonly string[]): Promise<number>;
  /** Sets where a group goes on that nobody is in; false: somebody is. */
  moveGroup(group: string, topic: string, offsets: ReadonlyMap<number, bigint>): Promise<boolean>;
  lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]>;
  /** Every group that has read one of these topics, also those of others. */
  groupOffsets(topics: readonly string[]): Promise<readonly GroupOffsets[]>;
  /** First offset still kept and next offset to be written, per partition. */
  ends(topic: string): Promise<readonly PartitionEnds[]>;
  /** Offset of the first record at or after that time, per partition; where there is none, the end. */
  startsAt(topic: string, fromMs: number): Promise<ReadonlyMap<number, bigint>>;
  brokerCount(): Promise<number>;
  close(): Promise<void>;
}

const REPLICATION_FACTOR_WANTED = 3;

export async function connectKafkaAdmin(settings: KafkaSettings): Promise<KafkaAdmin> {
  const admin = createKafka(settings).admin({
    retry: { retries: 2, initialRetryTime: 200, maxRetryTime: 1_000 },
  });
  try {
    await admin.connect();
  } catch (error) {
    await admin.disconnect().catch(() => {});
    throw kafkaUnreachable(settings.brokers, error);
  }
  const brokerCount = async (): Promise<number> => (await admin.describeCluster()).brokers.length;
  const listTopics = (): Promise<string[]> => admin.listTopics();
  const ends = async (topic: string): Promise<readonly PartitionEnds[]> => {
    const offsets = await askLeaders(() => admin.fetchTopicOffsets(topic));
    return offsets.map(({ partition, low, high }) => ({
      topic,
      partition,
      low: BigInt(low),
      high: BigInt(high),
    }));
  };

  return {
    brokerCount,
    listTopics,
    describeTopics: (topics) => describeTopics(admin, topics, DESCRIBE_AGAIN_MAX),
    async createTopics(definitions) {
      const existing = new Set(await listTopics());
      const missing = definitions.filter(({ topic }) => !existing.has(topic));
      if (missing.length === 0) return definitions.map(() => false);
      const replicationFactor = Math.min(REPLICATION_FACTOR_WANTED, await brokerCount());
      await admin.createTopics({
        waitForLeaders: false,
        topics: missing.map(({ topic, partitions, settings: topicSettings }) => ({
          topic,
          numPartitions: partitions,
          replicationFactor,
          configEntries: Object.entries(topicSettings).map(([name, value]) => ({ name, value })),
        })),
      });
      await untilLed(
        admin,
        missing.map(({ topic }) => topic),
      );
      return definitions.map(({ topic }) => !existing.has(topic));
    },
    alterTopics: (changes) => alterTopics(admin, changes),
    startAtEnd: (group, topic) =>
      onceCoordinated(() => startAtEnd(admin, settings, group, topic), DESCRIBE_AGAIN_MAX),
    async membersOf(groups) {
      const described = await onceCoordinated(() => admin.describeGroups([...groups]), DESCRIBE_AGAIN_MAX);
      return described.groups.reduce((sum, { members }) => sum + members.length, 0);
    },
    async moveGroup(group, topic, offsets) {
      try {
        await onceCoordinated(() => commitForGroup(settings, group, topic, offsets), DESCRIBE_AGAIN_MAX);
        return true;
      } catch (error) {
        if (kafkaErrorType(error) !== SOMEBODY_IN_GROUP) throw error;
        return false;
      }
    },
    async deleteTopics(topics) {
      const existing = new Set(await listTopics());
      const present = topics.filter((topic) => existing.has(topic));
      if (present.length === 0) return;
      try {
        await admin.deleteTopics({ topics: present });
      } catch (error) {
        // The list may still name what was deleted a moment ago; what else was asked for is deleted all the same.
        if (!isUnknownTopic(error)) throw error;
      }
    },
    async deleteGroups(groups) {
      const existing = new Set((await admin.listGroups()).groups.map(({ groupId }) => groupId));
      const present = groups.filter((group) => existing.has(group));
      if (present.length > 0) await admin.deleteGroups(present);
    },
    ends,
    async startsAt(topic, fromMs) {
      const offsets = await askLeaders(() => admin.fetchTopicOffsetsByTimestamp(topic, fromMs));
      return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]));
    },
    async lag(group, topics) {
      const lags: PartitionLag[] = [];
      const committed = await onceCoordinated(
        () => admin.fetchOffsets({ groupId: group, topics: [...topics] }),
        DESCRIBE_AGAIN_MAX,
      );
      for (const { topic, partitions } of committed) {
        for (const end of await ends(topic)) {
          const offset = partitions.find(({ partition }) => partition === end.partition)?.offset ?? '-1';
          lags.push({ ...end, committed: offset === '-1' ? undefined : BigInt(offset) });
        }
      }
      return lags;
    },
    groupOffsets: (topics) => groupOffsets(admin, topics),
    close: () => admin.disconnect(),
  };
}

const DESCRIBE_AGAIN_MAX = 50;
const DESCRIBE_AGAIN_INTERVAL_MS = 100;

/** The client only knows the older request, which takes every setting away that it does not name. */
async function alterTopics(
  admin: Admin,
  changes: readonly Pick<TopicDefinition, 'topic' | 'settings'>[],
): Promise<void> {
  if (changes.length === 0) return;
  const type = ConfigResourceTypes.TOPIC;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: changes.map(({ topic }) => ({ type, name: topic })),
  });
  await admin.alterConfigs({
    validateOnly: false,
    resources: changes.map(({ topic, settings }) => {
      const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
      const given = entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
      const kept = given.map(({ configName, configValue }): [string, string] => [configName, configValue]);
      const merged = Object.entries({ ...Object.fromEntries(kept), ...settings });
      return { type, name: topic, configEntries: merged.map(([name, value]) => ({ name, value })) };
    }),
  });
}

/** The first group that a cluster ever has makes the topic of all groups, and what leads it takes a moment to be found. */
const UNCOORDINATED = new Set<string | undefined>([
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
]);

async function onceCoordinated<Result>(ask: () => Promise<Result>, againMax: number): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (!UNCOORDINATED.has(kafkaErrorType(error)) || againMax === 0) throw error;
    await wait(DESCRIBE_AGAIN_INTERVAL_MS);
    return await onceCoordinated(ask, againMax - 1);
  }
}

const NEVER_COMMITTED = '-1';

async function startAtEnd(
  admin: Admin,
  settings: KafkaSettings,
  groupId: string,
  topic: string,
): Promise<void> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const committed = new Map(found?.partitions.map(({ partition, offset }) => [partition, offset]));
  const isCommitted = (partition: number): boolean =>
    (committed.get(partition) ?? NEVER_COMMITTED) !== NEVER_COMMITTED;
  const ends = await admin.fetchTopicOffsets(topic);
  const missing = ends.filter(({ partition }) => !isCommitted(partition));
  if (missing.length === 0) return;
  const offsets = new Map(missing.map(({ partition, high }) => [partition, BigInt(high)]));
  await commitForGroup(settings, groupId, topic, offsets);
}

async function describeTopics(
  admin: Admin,
  topics: readonly string[],
  againMax: number,
): Promise<readonly (TopicDescription | undefined)[]> {
  try {
    return await describePresent(admin, topics);
  } catch (error) {
    // The list may still name what was deleted a moment ago, or already what a broker has not heard of.
    if (!isUnknownTopic(error) || againMax === 0) throw error;
    await wait(DESCRIBE_AGAIN_INTERVAL_MS);
    return await describeTopics(admin, topics, againMax - 1);
  }
}

async function describePresent(
  admin: Admin,
  topics: readonly string[],
): Promise<readonly (TopicDescription | undefined)[]> {
  const existing = new Set(await admin.listTopics());
  const present = topics.filter((topic) => existing.has(topic));
  if (present.length === 0) return topics.map(() => undefined);
  const metadata = await admin.fetchTopicMetadata({ topics: present });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return topics.map((topic) => {
    const found = metadata.topics.find(({ name }) => name === topic);
    if (found === undefined) return undefined;
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    return {
      topic,
      partitions: found.partitions.length,
      replicationFactor: found.partitions[0]?.replicas.length ?? 0,
      settings: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
    };
  });
}
