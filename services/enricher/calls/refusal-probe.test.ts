import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fault, first, scripted } from './lane.test-support.ts';

// Time stands still but for what a test lets pass.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const REFUSED = 1;
const refusing = (isPaidPerCall: boolean) =>
  scripted({
    isPaidPerCall,
    script: (items) => (items.some((item) => first(item) === REFUSED) ? fault('rejected_item') : undefined),
  });

describe('a refusal on a quiet source', () => {
  test.each([
    ['at once where calls are free', false, 200, 1_000],
    ['later where they are paid', true, 20_000, 3_600_000],
  ])(
    'is settled by one call about a row that the model accepted before, %s',
    async (_, isPaidPerCall, notBeforeMs, afterMs) => {
      const { ask, calls, results } = refusing(isPaidPerCall);
      ask([7]);
      await vi.advanceTimersByTimeAsync(1_000);
      ask([REFUSED]);
      await vi.advanceTimersByTimeAsync(notBeforeMs);
      expect(results()).toEqual([7]);
      await vi.advanceTimersByTimeAsync(afterMs);
      expect(results()).toEqual(['rejected_item', 7]);
      expect(calls).toEqual([[7], [REFUSED], [7]]);
    },
  );

  test('is settled by what a cache says that the model accepted before', async () => {
    const { ask, calls, lane, results } = refusing(true);
    ask([REFUSED]);
    lane.knows(() => ({ input: [9] }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(results()).toEqual(['rejected_item']);
    expect(calls).toEqual([[REFUSED], [9]]);
  });

  test('is not settled by a model that refuses what it accepted before: that one stops, and nothing is failed', async () => {
    let isWrong = false;
    const { ask, calls, heard, results } = scripted({
      script: () => (isWrong ? fault('rejected_item') : undefined),
    });
    ask([7]);
    await vi.advanceTimersByTimeAsync(1_000);
    isWrong = true;
    ask([REFUSED]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(results()).toEqual([7]);
    expect(heard).toEqual(['paused set_up refuses_everything']);
    expect(calls.length).toBeLessThan(200);
  });
});

test('a refusal in a stream that is accepted costs no paid call more', async () => {
  const { ask, calls, results } = refusing(true);
  for (const value of [3, REFUSED, 4]) {
    ask([value]);
    await vi.advanceTimersByTimeAsync(10_000);
  }
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(results()).toEqual(['rejected_item', 3, 4]);
  expect(calls.length).toBe(3);
});

test('the end does not wait for a refusal that waits', async () => {
  const { ask, lane, results } = refusing(true);
  ask([7]);
  await vi.advanceTimersByTimeAsync(1_000);
  ask([REFUSED]);
  await vi.advanceTimersByTimeAsync(1_000);
  await lane.stop();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(results()).toEqual(['Dropped', 7]);
});
