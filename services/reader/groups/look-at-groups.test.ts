import { expect, test } from 'vitest';
import type { PartitionLag } from '../../../shared/kafka/admin.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { lookAtGroups } from './look-at-groups.ts';

const lag: PartitionLag = { topic: 't', partition: 0, low: 0n, high: 10n, committed: 1n };
const taken = ['gone', 'enricher', 'writer'].map((group) => ({ group, topic: `topic of ${group}` }));

function looking() {
  const told: string[] = [];
  const seen: string[] = [];
  const say = ({ group }: { readonly group: string }, text: string): void =>
    void told.push(`${group}: ${text}`);
  const logger = Object.assign(createLogger('test', 'silent'), { warn: say, info: say });
  const look = {
    kafka: {
      lag: async (group: string) => {
        if (group === 'gone') throw new Error('unknown topic');
        return [lag];
      },
      startsAt: async () => new Map([[0, 5n]]),
    },
    taken,
    late: new Set<string>(),
    metrics: { late: (group: string, _: string, isLate: boolean) => void seen.push(`${group} ${isLate}`) },
    logger,
    nowMs: 0,
  };
  return { look, told, seen };
}

test('a group that cannot be read keeps no group behind it from being looked at', async () => {
  const { look, told, seen } = looking();
  const { signal } = new AbortController();
  expect(await lookAtGroups(look, signal)).toBe(false);
  expect(seen).toEqual(['enricher true', 'writer true']);
  expect(told.toSorted()).toEqual([
    'enricher: a group is further behind than half of what Kafka keeps',
    'gone: how far a group is behind could not be looked at: it is tried again',
    'writer: a group is further behind than half of what Kafka keeps',
  ]);
  expect(await lookAtGroups({ ...look, taken: taken.slice(1) }, signal)).toBe(true);
  expect(told).toHaveLength(3);
});

test('whoever stops looks at no further group', async () => {
  const { look, told, seen } = looking();
  await lookAtGroups(look, AbortSignal.abort());
  expect([...told, ...seen]).toEqual([]);
});
