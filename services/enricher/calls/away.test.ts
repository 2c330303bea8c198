import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../../shared/errors/policy.ts';
import type { ModelItem } from '../../../shared/models/model.ts';
import { fault, first, scripted, upTo } from './lane.test-support.ts';

// Time stands still but for what a test lets pass.
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const SUSPECT = 5;
const holdsSuspect = (items: readonly ModelItem[]): boolean => items.some((item) => first(item) === SUSPECT);

describe('a model that was away', () => {
  test('and refuses everything when it is back fails nothing, though others were accepted in between', async () => {
    let isReplaced = false;
    const { ask, heard, results } = scripted({
      rowsMax: 50,
      script: (items) => {
        if (isReplaced) return fault('rejected_batch');
        return items.some((item) => first(item) < 50) ? fault('unavailable') : undefined;
      },
    });
    ask(upTo(50));
    await vi.advanceTimersByTimeAsync(1);
    ask([100]);
    await vi.advanceTimersByTimeAsync(10_000);
    isReplaced = true;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(results()).toEqual([100]);
    expect(heard.at(-1)).toBe('paused set_up refuses_everything');
  });

  test('and says what nobody named to the canary of a suspect is not asked again and again: the suspect hears it', async () => {
    const { ask, answers, calls } = scripted({
      script: (items, call) => {
        if (holdsSuspect(items)) return fault('unavailable');
        return call > 1 && call < 1_000 ? fault('unknown') : undefined;
      },
    });
    ask([1]);
    await vi.advanceTimersByTimeAsync(100);
    ask([SUSPECT]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(answers.get(SUSPECT)).toBeInstanceOf(Fault);
    expect(calls.length).toBe(3);
  });
});
