import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Dropped } from '../dropped.ts';
import type { Ask } from './asks.ts';
import { type Funding, free } from './funding.ts';
import { fault, first, scripted, upTo } from './lane.test-support.ts';

// Time stands still but for what a test lets pass.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A purse of live rows that is empty until it is filled, beside one of redo that never is. */
function purses() {
  let isFilled = false;
  const filled = Promise.withResolvers<void>();
  const funding: Funding<number> = async (open) => {
    const funds = await free(open);
    if (isFilled || open[0]?.ask.isRedo === true) return funds;
    return { ...funds, sent: [], shortage: { later: () => filled.promise, holds: () => true } };
  };
  return {
    funding,
    fill(): void {
      isFilled = true;
      filled.resolve();
    },
    /** Nobody waits any more. */
    end: () => filled.resolve(),
  };
}

const REDO = 1_000;
const redo = (count: number): number[] => upTo(count).map((value) => REDO + value);

describe('rows that wait for money', () => {
  test('keep no place: what is paid from another purse goes on, and they go when there is some', async () => {
    const { funding, fill } = purses();
    const { ask, calls, lane, results } = scripted({ isPaidPerCall: true, rowsMax: 1, callsMax: 4, funding });
    ask(upTo(50));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([calls, lane.inFlight]).toEqual([[], 0]);
    ask(redo(50), () => true, true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(results()).toEqual(redo(50));
    fill();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(results()).toEqual([...upTo(50), ...redo(50)]);
    expect(calls.length).toBe(100);
  });

  test('gather meanwhile: they share calls once there is money', async () => {
    const { funding, fill } = purses();
    const { ask, calls } = scripted({ isPaidPerCall: true, waitMaxMs: 10, funding });
    for (const value of upTo(250)) {
      ask([value]);
      await vi.advanceTimersByTimeAsync(20);
    }
    fill();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls.flat().toSorted((one, other) => one - other)).toEqual(upTo(250));
    expect(calls.length).toBeLessThanOrEqual(4);
  });

  test('hold only what costs as much: what is cheaper is asked for, and goes if there is money for it', async () => {
    const costs = (ask: Ask<number>): number => first(ask.item);
    const asked: number[] = [];
    const filled = Promise.withResolvers<void>();
    let leftToday = 50;
    const { ask, calls, results } = scripted({
      isPaidPerCall: true,
      rowsMax: 1,
      callsMax: 4,
      funding: async (open) => {
        const least = Math.min(...open.map((each) => costs(each.ask)));
        asked.push(least);
        const funds = await free(open);
        if (least <= leftToday) return funds;
        return {
          ...funds,
          sent: [],
          shortage: { later: () => filled.promise, holds: (other) => costs(other) >= least },
        };
      },
    });
    const askInTurn = async (...values: readonly number[]): Promise<void> => {
      for (const value of values) {
        ask([value]);
        await vi.advanceTimersByTimeAsync(100);
      }
    };
    await askInTurn(100, 3, 4);
    expect([results(), asked]).toEqual([
      [3, 4],
      [100, 3, 4],
    ]);
    // The cheaper one that is too dear holds what lies between the two, and not what is cheaper still.
    await askInTurn(80, 5, 90);
    expect([results(), asked]).toEqual([
      [3, 4, 5],
      [100, 3, 4, 80, 5],
    ]);
    // Nor does what is held, for what comes behind it.
    await askInTurn(6);
    expect(results()).toEqual([3, 4, 5, 6]);
    leftToday = 1_000;
    filled.resolve();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(results()).toEqual([3, 4, 5, 6, 80, 90, 100]);
    expect(calls.length).toBe(7);
  });

  test('are dropped at the end, which does not wait for money', async () => {
    const { funding, end } = purses();
    const { ask, lane, results, calls } = scripted({ isPaidPerCall: true, rowsMax: 1, funding });
    ask(upTo(10));
    await vi.advanceTimersByTimeAsync(1_000);
    const stopped = lane.stop();
    end();
    await stopped;
    expect(results()).toEqual(Array(10).fill(Dropped.name));
    expect(calls).toEqual([]);
  });
});

describe('an error that nobody named', () => {
  test.each<[string, Funding<number>]>([
    ['while money is reserved', () => Promise.reject(new TypeError('said'))],
    [
      'while it is waited for',
      async (open) => ({
        ...(await free(open)),
        sent: [],
        shortage: { later: () => Promise.reject(new TypeError('said')), holds: () => true },
      }),
    ],
  ])('%s is heard by whoever asked, and leaves no call under way', async (_, funding) => {
    const { ask, lane, results, calls } = scripted({ isPaidPerCall: true, rowsMax: 2, callsMax: 2, funding });
    ask(upTo(10));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(results()).toEqual(Array(10).fill('TypeError'));
    expect([calls, lane.inFlight]).toEqual([[], 0]);
    await lane.stop();
  });

  test('when a refusal is to be settled is heard by the row that was refused', async () => {
    let isBroken = false;
    const funding: Funding<number> = (open) =>
      isBroken ? Promise.reject(new TypeError('said')) : free(open);
    const { ask, lane, results } = scripted({
      isPaidPerCall: true,
      funding,
      script: (items) => (items.some((item) => first(item) === 1) ? fault('rejected_item') : undefined),
    });
    ask([7]);
    await vi.advanceTimersByTimeAsync(1_000);
    ask([1]);
    await vi.advanceTimersByTimeAsync(1_000);
    isBroken = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(results()).toEqual(['TypeError', 7]);
    await lane.stop();
  });
});
