import { expect, test } from 'vitest';
import type { PartitionLag } from '../../../shared/kafka/admin.ts';
import { earliest } from './move-offsets.ts';

const at = (partition: number, committed: bigint | undefined, low = 0n): PartitionLag => ({
  topic: 'cdc',
  partition,
  low,
  high: 100n,
  committed,
});

test('in each partition both go on where the one behind had come to, or where the log begins', () => {
  const lags = [
    [at(0, 40n), at(1, 7n), at(2, undefined, 3n), at(3, 2n, 5n)],
    [at(0, 50n), at(1, 6n), at(2, 9n, 3n), at(3, 8n, 5n)],
  ];
  expect([...earliest(lags)]).toEqual([
    [0, 40n],
    [1, 6n],
    [2, 3n],
    [3, 5n],
  ]);
});
