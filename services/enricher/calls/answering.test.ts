import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault, type FaultKind } from '../../../shared/errors/policy.ts';
import type { Outcome } from '../../../shared/models/model.ts';
import { fault, first, ok, scripted, seeded, upTo } from './lane.test-support.ts';

// Time stands still but for what a test lets pass.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the table of faults', () => {
  test('N items in, N answers out, whatever rows poison it and whatever the model does: exactly those are failed', async () => {
    const run = async (
      values: readonly number[],
      poison: readonly number[],
      faults: readonly FaultKind[],
    ) => {
      const poisoned = new Set(poison.slice(0, 15));
      const { ask, results, lane } = scripted({
        rowsMax: 7,
        script: (items, call) => {
          const passing = faults[call - 1];
          if (passing !== undefined && call % 2 === 0) return fault(passing);
          return items.some((item) => poisoned.has(first(item))) ? fault('rejected_batch') : undefined;
        },
      });
      ask(values);
      await vi.advanceTimersByTimeAsync(60_000);
      ask([10_000]); // an acceptance behind the last refusal
      await vi.advanceTimersByTimeAsync(60_000);
      expect(results()).toEqual([
        ...values
          .toSorted((one, other) => one - other)
          .map((value) => (poisoned.has(value) ? 'rejected_item' : value)),
        10_000,
      ]);
      await lane.stop();
    };
    await fc.assert(
      fc.asyncProperty(
        fc
          .uniqueArray(fc.nat(500), { minLength: 1, maxLength: 40 })
          .chain((values) => fc.tuple(fc.constant(values), fc.subarray(values))),
        // Fewer than would make a suspect of a row.
        fc.array(fc.constantFrom<FaultKind>('throttled', 'unavailable'), { maxLength: 5 }),
        async ([values, poison], faults) => {
          await run(values, poison, faults);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('one poisoned row in 100 costs at most 15 calls, not 100', async () => {
    const { ask, calls, results } = scripted({
      script: (items) => (items.some((item) => first(item) === 42) ? fault('rejected_batch') : undefined),
    });
    ask(upTo(100));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.length).toBeLessThanOrEqual(15);
    expect(results().filter((result) => result === 'rejected_item').length).toBe(1);
  });

  test('a throttled call counts no attempt, an unavailable one does', async () => {
    for (const [kind, attempts] of [
      ['throttled', 1],
      ['unavailable', 4],
    ] as const) {
      const { ask, answers } = scripted({ script: (_, call) => (call <= 3 ? fault(kind) : undefined) });
      ask([1]);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(answers.get(1)).toMatchObject({ attempts });
    }
  });

  test('throttling shrinks what is under way at once, and answers let it grow again', async () => {
    let throttle = false;
    const { lane, ask } = scripted({
      rowsMax: 1,
      latencyMs: 10,
      callsMax: 64,
      script: () => (throttle ? fault('throttled') : undefined),
    });
    ask(upTo(500));
    await vi.advanceTimersByTimeAsync(200);
    const grown = lane.limit;
    expect(grown).toBeGreaterThan(8);
    throttle = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(lane.limit).toBeLessThan(grown / 2);
    throttle = false;
    const shrunk = lane.limit;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(lane.limit).toBeGreaterThan(shrunk);
  });

  test('a model that refuses every call for ten seconds is told of, and again when it answers', async () => {
    let isRefusing = true;
    const { ask, heard, results } = scripted({ script: () => (isRefusing ? fault('throttled') : undefined) });
    ask(upTo(20));
    await vi.advanceTimersByTimeAsync(9_000);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(heard).toEqual(['paused throttled scripted']);
    isRefusing = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heard).toEqual(['paused throttled scripted', 'resumed']);
    expect(results().length).toBe(20);
  });

  test('while the model is away one canary of one row asks at a time, and all is sent once it answers', async () => {
    let isAway = true;
    const { ask, calls, heard, results } = scripted({
      rowsMax: 10,
      script: () => (isAway ? fault('unavailable') : undefined),
    });
    ask(upTo(200));
    await vi.advanceTimersByTimeAsync(60_000);
    const duringOutage = calls.length;
    expect(duringOutage).toBeLessThan(60);
    // The first ones went out before anybody knew.
    expect(calls.slice(4).every((items) => items.length === 1)).toBe(true);
    expect(heard).toEqual(['paused unavailable scripted']);
    isAway = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(heard).toEqual(['paused unavailable scripted', 'resumed']);
    expect(results()).toEqual(upTo(200));
    // Caught up without double cost: hardly more calls than full batches.
    expect(calls.length - duringOutage).toBeLessThan(35);
  });

  test('a row that ends the container is found by three failures while others are answered, and its neighbours live', async () => {
    const { ask, calls, results } = scripted({
      rowsMax: 10,
      script: (items) => (items.some((item) => first(item) === 5) ? fault('unavailable') : undefined),
    });
    ask(upTo(40));
    await vi.advanceTimersByTimeAsync(60_000);
    ask([100]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(results()).toEqual([...upTo(40).map((value) => (value === 5 ? 'rejected_item' : value)), 100]);
    expect(calls.length).toBeLessThan(40);
  });

  test('a row that ends the container is found even when nothing else is left to ask about', async () => {
    const { ask, calls, results } = scripted({
      script: (items) => (items.some((item) => first(item) === 5) ? fault('unavailable') : undefined),
    });
    ask([1, 2]);
    await vi.advanceTimersByTimeAsync(100);
    ask([5]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(results()).toEqual([1, 2, 'rejected_item']);
    expect(calls.length).toBeLessThanOrEqual(8);
  });

  test('where calls are paid, nothing is asked twice to find out about a suspect: it waits for the next rows', async () => {
    const { ask, calls, results } = scripted({
      isPaidPerCall: true,
      script: (items) => (items.some((item) => first(item) === 5) ? fault('unavailable') : undefined),
    });
    ask([1, 2]);
    await vi.advanceTimersByTimeAsync(100);
    ask([5]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(results()).toEqual([1, 2]);
    // Itself is the canary, in growing pauses.
    expect(calls.length).toBeLessThan(40);
    for (const value of [10, 11, 12, 13]) {
      ask([value]);
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(results()).toEqual([1, 2, 'rejected_item', 10, 11, 12, 13]);
    const others = calls.flat().filter((value) => value !== 5);
    expect(others.length).toBe(new Set(others).size);
  });

  test.each([
    [1, 0.3],
    [1, 0.5],
    [1, 0.7],
    [20, 0.3],
    [20, 0.5],
    [20, 0.7],
  ])(
    'a model that fails calls of %i rows by chance blames no row (%f of them, seeds 1 to 10)',
    async (rowsMax, share) => {
      for (let seed = 1; seed <= 10; seed++) {
        const random = seeded(seed);
        const { ask, results, lane } = scripted({
          rowsMax,
          script: () => (random() < share ? fault('unavailable') : undefined),
        });
        ask(upTo(rowsMax * 20));
        await vi.advanceTimersByTimeAsync(3_600_000);
        expect(results(), `seed ${seed}`).toEqual(upTo(rowsMax * 20));
        await lane.stop();
      }
    },
  );

  test('an outage alone blames no row, however long it lasts', async () => {
    let isAway = true;
    const { ask, results } = scripted({ script: () => (isAway ? fault('unavailable') : undefined) });
    ask(upTo(3));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(results()).toEqual([]);
    isAway = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(results()).toEqual([0, 1, 2]);
  });

  test('a model that refuses everything stops, fails nothing, asks once a minute, and starts again by itself', async () => {
    let isWrong = true;
    const { ask, calls, heard, results } = scripted({
      rowsMax: 10,
      script: () => (isWrong ? fault('rejected_batch') : undefined),
    });
    ask(upTo(200));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(results()).toEqual([]);
    expect(heard).toEqual(['paused set_up refuses_everything']);
    const stopped = calls.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls.length - stopped).toBeGreaterThanOrEqual(9);
    expect(calls.length - stopped).toBeLessThanOrEqual(11);
    expect(results()).toEqual([]);
    isWrong = false;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(heard.at(-1)).toBe('resumed');
    expect(results()).toEqual(upTo(200));
  });

  test('a row refused alone waits for the next acceptance', async () => {
    const { ask, results } = scripted({
      script: (items) => (first(items[0] ?? { input: [] }) === 1 ? fault('rejected_item') : undefined),
    });
    ask([1]);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(results()).toEqual([]);
    ask([2]);
    await vi.advanceTimersByTimeAsync(100);
    expect(results()).toEqual(['rejected_item', 2]);
  });

  test('a refusal that may pass is asked once more, alone, and final then', async () => {
    const refusal: Outcome<number> = {
      kind: 'rejected',
      fault: fault('rejected_item', 'InternalServerException'),
      isWorthOneRetry: true,
    };
    const { ask, calls, answers, results } = scripted({
      script: (items, call) =>
        items.map((item) => (first(item) === 2 || (first(item) === 1 && call === 1) ? refusal : ok(item))),
    });
    ask([0, 1, 2]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toEqual([[0, 1, 2], [1], [2]]);
    expect(results()).toEqual([0, 1, 'rejected_item']);
    expect(answers.get(2)).toMatchObject({ attempts: 2 });
  });

  test('a model that is not set up is asked soon once, then every minute', async () => {
    const { ask, calls, heard } = scripted({ script: () => fault('set_up', 'AccessDeniedException') });
    ask(upTo(5));
    await vi.advanceTimersByTimeAsync(1_500);
    expect(calls.length).toBe(2);
    await vi.advanceTimersByTimeAsync(180_000);
    expect(calls.length).toBe(5);
    expect(heard).toEqual(['paused set_up AccessDeniedException']);
  });

  test('what nobody named goes to whoever asked', async () => {
    const { ask, answers } = scripted({ script: () => fault('unknown') });
    ask([1, 2]);
    await vi.advanceTimersByTimeAsync(10);
    expect([...answers.values()]).toEqual([expect.any(Fault), expect.any(Fault)]);
  });

  test('an answer of another count than asked for is a broken contract, halved and never guessed', async () => {
    const { ask, results } = scripted({
      script: (items) => (items.length > 1 ? items.slice(1).map(ok) : undefined),
    });
    ask(upTo(5));
    await vi.advanceTimersByTimeAsync(100);
    expect(results()).toEqual(upTo(5));
  });
});
