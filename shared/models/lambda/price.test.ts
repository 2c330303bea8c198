import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_PRICES } from '../../spend/prices.ts';
import { callNanoUsd, sharesOf } from './price.ts';

test.each([
  ['1 s of 1 GB', { timeout: 1_000, memory_mb: 1_024, architecture: 'x86_64' }, 16_667 + 200],
  ['1 s of 1 GB on ARM', { timeout: 1_000, memory_mb: 1_024, architecture: 'arm64' }, 13_334 + 200],
  ['10 s of half a GB', { timeout: 10_000, memory_mb: 512, architecture: 'x86_64' }, 83_334 + 200],
  [
    '3 s of 128 MB, as a function begins',
    { timeout: 3_000, memory_mb: 128, architecture: 'x86_64' },
    6_251 + 200,
  ],
  ['the most there is', { timeout: 900_000, memory_mb: 10_240, architecture: 'x86_64' }, 150_000_300 + 200],
] as const)('%s costs time-out x memory, and the request', (_name, size, nanoUsd) => {
  expect(callNanoUsd(size, DEFAULT_PRICES)).toBe(nanoUsd);
});

test('shares are whole nano-dollars, hardly differ, and add up to the call', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 150_000_500 }),
      fc.integer({ min: 1, max: 10_000 }),
      (nanoUsd, rows) => {
        const shares = sharesOf(nanoUsd, rows);
        expect(shares).toHaveLength(rows);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(nanoUsd);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        expect(shares.every(Number.isInteger)).toBe(true);
      },
    ),
    { seed: 3 },
  );
  expect(sharesOf(200, 0)).toEqual([]);
});
