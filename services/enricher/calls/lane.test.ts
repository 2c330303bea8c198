import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Dropped } from '../dropped.ts';
import { fault, first, scripted, upTo } from './lane.test-support.ts';

// Time stands still but for what a test lets pass.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('batching', () => {
  test('an answer says how many items shared the call that brought it, not a call that was refused before', async () => {
    const { ask, calls, answers } = scripted({
      rowsMax: 8,
      script: (items) => (items.some((item) => first(item) === 5) ? fault('rejected_batch') : undefined),
    });
    ask(upTo(8));
    await vi.advanceTimersByTimeAsync(1_000);
    for (const value of upTo(8).filter((each) => each !== 5)) {
      const answering = calls.findLast((call) => call.includes(value));
      expect(answers.get(value)).toMatchObject({ batchRows: answering?.length });
    }
    expect(answers.get(0)).toMatchObject({ batchRows: 4 });
  });

  test('an idle model gets a single item at once, whatever the age limit', async () => {
    const { ask, calls } = scripted({ waitMaxMs: 3_600_000 });
    ask([1]);
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toEqual([[1]]);
  });

  test('a burst of 1,000 goes out in ten calls, within the concurrency', async () => {
    const { ask, calls, results } = scripted({});
    ask(upTo(1_000));
    await vi.advanceTimersByTimeAsync(0);
    expect(calls.length).toBe(4);
    await vi.advanceTimersByTimeAsync(100);
    expect(calls.map((items) => items.length)).toEqual(Array(10).fill(100));
    expect(results()).toEqual(upTo(1_000));
  });

  test('while calls are under way batches gather company, the longer the busier the model', async () => {
    const { ask, calls } = scripted({ waitMaxMs: 40, latencyMs: 1_000 });
    ask([0]);
    await vi.advanceTimersByTimeAsync(1);
    ask([1]);
    await vi.advanceTimersByTimeAsync(9);
    expect(calls.length).toBe(1);
    ask([2]);
    await vi.advanceTimersByTimeAsync(2);
    expect(calls).toEqual([[0], [1, 2]]);
    ask([3]);
    await vi.advanceTimersByTimeAsync(18);
    expect(calls.length).toBe(2);
    await vi.advanceTimersByTimeAsync(4);
    expect(calls.at(-1)).toEqual([3]);
  });

  test('a rate spaces calls, and what waits for it shares the next', async () => {
    const { ask, calls } = scripted({ callsPerSecond: 10 });
    for (let tick = 0; tick < 20; tick++) {
      ask([tick]);
      await vi.advanceTimersByTimeAsync(50);
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(calls.length).toBeLessThanOrEqual(13);
    expect(calls.flat()).toEqual(upTo(20));
  });
});

describe('the end', () => {
  test('lets calls under way finish, since they may be paid for, and drops the rest', async () => {
    const { lane, ask, results, calls } = scripted({ rowsMax: 1, latencyMs: 100, callsMax: 2 });
    ask([1, 2, 3, 4]);
    await vi.advanceTimersByTimeAsync(10);
    const stopped = lane.stop();
    await vi.advanceTimersByTimeAsync(200);
    await stopped;
    expect(results()).toEqual([1, 2, 'Dropped', 'Dropped']);
    ask([5]);
    expect(results().at(-1)).toBe('Dropped');
    expect(calls.length).toBe(2);
  });

  test('does not wait for a model that is away or refuses everything', async () => {
    for (const kind of ['unavailable', 'rejected_batch', 'set_up'] as const) {
      const { lane, ask, results } = scripted({ script: () => fault(kind) });
      ask(upTo(30));
      await vi.advanceTimersByTimeAsync(5_000);
      await lane.stop();
      await vi.advanceTimersByTimeAsync(0);
      expect(results()).toEqual(Array(30).fill(Dropped.name));
    }
  });

  test('of a membership while the model is away: what waits goes with it, and does not pile up', async () => {
    const { lane, ask, results } = scripted({ rowsMax: 10, script: () => fault('unavailable') });
    let isWanted = true;
    ask(upTo(500), () => isWanted);
    await vi.advanceTimersByTimeAsync(1_000);
    isWanted = false;
    lane.setShare(1);
    // All but those in calls that are made again.
    expect(results().length).toBeGreaterThan(450);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(results()).toEqual(Array(500).fill(Dropped.name));
    await lane.stop();
  });

  test('of a membership: what nobody waits for any more is not asked', async () => {
    let isWanted = true;
    const { ask, calls, results } = scripted({ rowsMax: 1, callsMax: 1, latencyMs: 10 });
    ask([1, 2, 3], () => isWanted);
    await vi.advanceTimersByTimeAsync(5);
    isWanted = false;
    ask([4]);
    await vi.advanceTimersByTimeAsync(100);
    expect(calls).toEqual([[1], [4]]);
    expect(results()).toEqual([1, 'Dropped', 'Dropped', 4]);
  });
});
