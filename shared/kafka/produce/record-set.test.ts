import { expect, test } from 'vitest';
import { RecordSet } from './record-set.ts';

const PARTITIONS = 100;
const HELD_BYTES_MAX = 10 * 1_048_576;

test('a set holds what its sends need, not what every partition ever needed', () => {
  const set = new RecordSet();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    expect(set.append({ topic: 't', partition, key: null, value: 'x'.repeat(600_000) })).toBe(true);
    set.clear();
    expect(set.heldBytes).toBeLessThan(HELD_BYTES_MAX);
  }
});

test('what was written into before is used again, and holds nothing of then', () => {
  const set = new RecordSet();
  set.append({ topic: 't', partition: 0, key: null, value: 'x'.repeat(100_000) });
  set.clear();
  const { heldBytes } = set;
  set.append({ topic: 't', partition: 0, key: null, value: 'y'.repeat(100_000) });
  expect(set.heldBytes).toBe(heldBytes);
  const [{ batch } = {}] = set.batches();
  expect(batch?.count).toBe(1);
  expect(batch?.seal({ id: 1n, epoch: 0 }, 0, 0).includes('x')).toBe(false);
});

test.each([
  ['its batch is full', 499_000],
  ['its batch holds more already than a batch should', 500_000],
])('a tombstone goes with the deletion in front of it, though %s', (_why, bytes) => {
  const set = new RecordSet();
  const key = 'k'.repeat(32_768);
  expect(set.append({ topic: 't', partition: 0, key, value: 'd'.repeat(bytes - key.length) })).toBe(true);
  expect(set.append({ topic: 't', partition: 0, key, value: null })).toBe(true);
  expect(set.append({ topic: 't', partition: 0, key, value: 'x' })).toBe(false);
});

test('it does so, too, where the deletion is the last that the whole set takes', () => {
  const set = new RecordSet();
  const append = (partition: number, value: string | null) =>
    set.append({ topic: 't', partition, key: 'k', value });
  expect([0, 1, 2].map((partition) => append(partition, 'd'.repeat(400_000)))).toEqual([true, true, true]);
  expect([append(2, null), append(2, 'x')]).toEqual([true, false]);
});

test('one that would make its batch larger than a topic takes goes with the next', () => {
  const set = new RecordSet();
  expect(set.append({ topic: 't', partition: 0, key: 'k', value: 'd'.repeat(1_000_000) })).toBe(true);
  expect(set.append({ topic: 't', partition: 0, key: 'k', value: null })).toBe(false);
});
