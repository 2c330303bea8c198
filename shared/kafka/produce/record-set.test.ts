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
