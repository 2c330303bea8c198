import type { Admin } from 'kafkajs';
import type { PartitionEnds, PartitionLag } from './admin.ts';
import { kafkaErrorType } from './error-type.ts';

export interface GroupLag {
  readonly group: string;
  /** Of each topic that the group has ever committed an offset of. */
  readonly partitions: readonly PartitionLag[];
}

/** What one after the other would take, where other teams have many groups. */
const ASKED_AT_ONCE = 10;
const NEVER_COMMITTED = '-1';

/** How far every consumer group is that reads one of the topics, whoever's it is. Groups we may not see are left out. */
export async function groupLags(admin: Admin, ends: readonly PartitionEnds[]): Promise<readonly GroupLag[]> {
  const topics = [...new Set(ends.map(({ topic }) => topic))];
  const { groups } = await admin.listGroups();
  const names = groups.map(({ groupId }) => groupId).toSorted();
  const lags: GroupLag[] = [];
  for (let first = 0; first < names.length; first += ASKED_AT_ONCE) {
    const asked = names.slice(first, first + ASKED_AT_ONCE);
    lags.push(...(await Promise.all(asked.map((group) => lagOf(admin, group, topics, ends)))));
  }
  return lags.filter(({ partitions }) => partitions.length > 0);
}

async function lagOf(
  admin: Admin,
  group: string,
  topics: readonly string[],
  ends: readonly PartitionEnds[],
): Promise<GroupLag> {
  const found = await committedBy(admin, group, topics);
  const read = new Set(
    found
      .filter(({ partitions }) => partitions.some(({ offset }) => offset !== NEVER_COMMITTED))
      .map(({ topic }) => topic),
  );
  const partitions = ends
    .filter(({ topic }) => read.has(topic))
    .map((end): PartitionLag => {
      const offset = found
        .find(({ topic }) => topic === end.topic)
        ?.partitions.find(({ partition }) => partition === end.partition)?.offset;
      return {
        ...end,
        committed: offset === undefined || offset === NEVER_COMMITTED ? undefined : BigInt(offset),
      };
    });
  return { group, partitions };
}

async function committedBy(admin: Admin, group: string, topics: readonly string[]) {
  try {
    return await admin.fetchOffsets({ groupId: group, topics: [...topics] });
  } catch (error) {
    if (kafkaErrorType(error) === 'GROUP_AUTHORIZATION_FAILED') return [];
    throw error;
  }
}
