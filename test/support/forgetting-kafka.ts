// A Kafka that has lost what a group of ours had not taken.
import kafkajs from 'kafkajs';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { brokers } from './stack.ts';
import { until } from './wait.ts';

const DEADLINE_MS = 120_000;
const { ConfigResourceTypes } = kafkajs;

async function withAdmin<Result>(work: (admin: kafkajs.Admin) => Promise<Result>): Promise<Result> {
  const admin = new kafkajs.Kafka({ brokers: [brokers()], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** As if its retention had passed. */
export const forgetRecords = (topic: string): Promise<void> =>
  withAdmin(async (admin) => {
    const ends = await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({
      topic,
      partitions: ends
        .filter(({ low, high }) => low !== high)
        .map(({ partition, high }) => ({ partition, offset: high })),
    });
  });

/** A compacted topic keeps every key, so somebody has to have taken that away from it first. */
export const forgetsRecords = (topic: string): Promise<void> =>
  withAdmin(async (admin) => {
    const configEntries = [{ name: 'cleanup.policy', value: 'delete' }];
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries };
    await admin.alterConfigs({ validateOnly: false, resources: [resource] });
  });

/** Whoever was in it may have left without a word: then the broker waits for the end of the session. */
export async function forgetGroup(group: string): Promise<void> {
  const isForgotten = (): Promise<boolean> =>
    withAdmin((admin) =>
      admin.deleteGroups([group]).then(
        () => true,
        () => false,
      ),
    );
  await until(isForgotten, { deadlineMs: DEADLINE_MS, everyMs: 500, what: `group ${group} to be forgotten` });
}

export async function offsetsRemembered(client: DatabaseClient, group: string): Promise<void> {
  const isRemembered = async (): Promise<boolean> =>
    ((await client.query('select from afterglow_internal.known_groups where group_id = $1', [group]))
      .rowCount ?? 0) > 0;
  await until(isRemembered, { deadlineMs: DEADLINE_MS, what: 'the offsets to be remembered' });
}
