import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault, type FaultKind } from '../../shared/errors/policy.ts';
import type { Model, ModelItem, Outcome } from '../../shared/models/model.ts';
import { type CallObserver, type CallSignals, callUntilAnswered } from './call.ts';

const noJitter = (): number => 0;
const silent: CallObserver = { called: () => {}, failed: () => {}, paused: () => {}, resumed: () => {} };
const untouched = new AbortController().signal;
const never: CallSignals = { stopping: untouched, aborting: untouched };
const itemsOf = (values: readonly number[]): ModelItem[] => values.map((value) => ({ input: [value] }));
const first = (item: ModelItem): number => Number(item.input[0]);

interface Scored {
  readonly score: number;
}

/** Answers with the first feature; `fault` may refuse a call. */
function model(
  fault: (items: readonly ModelItem[], call: number) => FaultKind | undefined,
): Pick<Model<Scored>, 'call'> & { calls: number } {
  return {
    calls: 0,
    async call(items) {
      this.calls++;
      const kind = fault(items, this.calls);
      if (kind !== undefined) throw new Fault(kind, 'scripted', 'scripted');
      return items.map(
        (item): Outcome<Scored> => ({
          kind: 'ok',
          result: { score: first(item) },
          costNanoUsd: 0,
        }),
      );
    },
  };
}

describe('a call', () => {
  test('N items in, N outcomes out, in order, whatever rows poison it: exactly those are rejected', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(500), { minLength: 1, maxLength: 60 }),
        fc.func(fc.boolean()),
        async (values, isPoison) => {
          const poisoned = new Set(values.filter((value) => isPoison(value)));
          const refusing = model((items) =>
            items.some((item) => poisoned.has(first(item))) ? 'rejected_batch' : undefined,
          );
          const answered = await callUntilAnswered(refusing, itemsOf(values), silent, never, noJitter);
          expect(
            answered.map(({ outcome }) => (outcome.kind === 'ok' ? outcome.result.score : 'rejected')),
          ).toEqual(values.map((value) => (poisoned.has(value) ? 'rejected' : value)));
        },
      ),
    );
  });

  test('one poisoned row in 100 costs at most 15 calls, not 100', async () => {
    const refusing = model((items) =>
      items.some((item) => first(item) === 42) ? 'rejected_batch' : undefined,
    );
    await callUntilAnswered(
      refusing,
      itemsOf(Array.from({ length: 100 }, (_, index) => index)),
      silent,
      never,
      noJitter,
    );
    expect(refusing.calls).toBeLessThanOrEqual(15);
  });

  test('a throttled call is made again and counts no attempt; an unavailable one counts', async () => {
    const throttled = model((_items, call) => (call <= 3 ? 'throttled' : undefined));
    expect((await callUntilAnswered(throttled, itemsOf([1]), silent, never, noJitter))[0]?.attempts).toBe(1);
    const away = model((_items, call) => (call <= 3 ? 'unavailable' : undefined));
    expect((await callUntilAnswered(away, itemsOf([1]), silent, never, noJitter))[0]?.attempts).toBe(4);
  });

  test('health hears when a model is away and that it is there again, be its answer a refusal', async () => {
    for (const answer of [undefined, 'rejected_batch'] as const) {
      const heard: string[] = [];
      const away = model((items, call) =>
        call === 1 ? 'unavailable' : items.length > 1 ? answer : undefined,
      );
      const observer = {
        ...silent,
        paused: (fault: Fault) => heard.push(`paused ${fault.kind}`),
        resumed: () => heard.push('resumed'),
      };
      await callUntilAnswered(away, itemsOf([1, 2]), observer, never, noJitter);
      expect(heard).toEqual(['paused unavailable', 'resumed']);
    }
  });

  test('an error nobody named ends the call', async () => {
    const broken = model(() => 'unknown');
    await expect(callUntilAnswered(broken, itemsOf([1]), silent, never, noJitter)).rejects.toThrow(Fault);
  });

  test('stopping ends the waiting between two attempts', async () => {
    const stopping = new AbortController();
    const waiting = callUntilAnswered(
      model(() => 'set_up'),
      itemsOf([1]),
      { ...silent, paused: () => stopping.abort() },
      { stopping: stopping.signal, aborting: untouched },
      noJitter,
    );
    await expect(waiting).rejects.toThrow(Fault);
  });

  test('stopping lets the call that is under way finish: a paid answer is not thrown away', async () => {
    const stopping = new AbortController();
    const slow = model(() => {
      stopping.abort();
      return undefined;
    });
    const signals = { stopping: stopping.signal, aborting: untouched };
    const answered = await callUntilAnswered(slow, itemsOf([7]), silent, signals, noJitter);
    expect(answered[0]?.outcome).toMatchObject({ kind: 'ok', result: { score: 7 } });
  });
});
