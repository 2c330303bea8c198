import type { Admin } from 'kafkajs';
import { kafkaErrorType } from './error-type.ts';

export interface GroupOffsets {
  readonly group: string;
  /** Of every topic among those asked that the group has ever committed an offset of: partition to next offset. */
  readonly committed: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
}

/** One after the other would take long where other teams have many groups. */
const ASKED_AT_ONCE = 10;
const NEVER_COMMITTED = '-1';

/** Every consumer group that has read one of the topics, whoever's it is. Groups we may not see are left out. */
export async function groupOffsets(
  admin: Admin,
  topics: readonly string[],
): Promise<readonly GroupOffsets[]> {
  const { groups } = await admin.listGroups();
  const names = groups.map(({ groupId }) => groupId).toSorted();
  const found: GroupOffsets[] = [];
  for (let first = 0; first < names.length; first += ASKED_AT_ONCE) {
    const asked = names.slice(first, first + ASKED_AT_ONCE);
    found.push(...(await Promise.all(asked.map((group) => offsetsOf(admin, group, topics)))));
  }
  return found.filter(({ committed }) => committed.size > 0);
}

async function offsetsOf(admin: Admin, group: string, topics: readonly string[]): Promise<GroupOffsets> {
  const committed = new Map<string, ReadonlyMap<number, bigint>>();
  for (const { topic, partitions } of await fetchOffsets(admin, group, topics)) {
    const offsets = partitions.filter(({ offset }) => offset !== NEVER_COMMITTED);
    if (offsets.length === 0) continue;
    committed.set(topic, new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)])));
  }
  return { group, committed };
}

async function fetchOffsets(admin: Admin, group: string, topics: readonly string[]) {
  try {
    return await admin.fetchOffsets({ groupId: group, topics: [...topics] });
  } catch (error) {
    if (kafkaErrorType(error) === 'GROUP_AUTHORIZATION_FAILED') return [];
    throw error;
  }
}
