import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../shared/errors/policy.ts';
import type { ModelItem } from '../../shared/models/model.ts';
import type { CachedRequest, RequestToCache } from '../../shared/side-tables/request-cache.ts';
import {
  type AskedAnswer,
  type FoundRequest,
  PayOnce,
  type PayOnceObserver,
  type SharedRequests,
} from './pay-once.ts';

interface Score {
  readonly score: number;
}

const model = {
  id: { kind: 'titan-embedding', name: 'scripted', version: '1' },
  parameters: {},
  requestText: ({ input }: ModelItem) => String(input),
};
const PRICE = 7;
const ok = (score: number): AskedAnswer<Score> => ({
  outcome: { kind: 'ok', result: { score }, costNanoUsd: PRICE },
  attempts: 1,
  modelMs: 3,
  batchRows: 4,
});

function observer() {
  const heard: string[] = [];
  const told: PayOnceObserver = {
    found: (layer, savedNanoUsd) => heard.push(`${layer} ${savedNanoUsd}`),
    missed: () => heard.push('missed'),
  };
  return { heard, told };
}

class Shared implements SharedRequests {
  readonly stored = new Map<string, CachedRequest>();
  /** Resolves stores only when told to. */
  gate: Promise<void> = Promise.resolve();

  async read(hash: string): Promise<FoundRequest | undefined> {
    const found = this.stored.get(hash);
    return found === undefined ? undefined : { ...found, layer: 'shared' };
  }

  async store({ requestHash, result, costNanoUsd }: RequestToCache): Promise<void> {
    await this.gate;
    this.stored.set(requestHash, { result, costNanoUsd });
  }
}

describe('an answer', () => {
  test('is asked for once while it is under way, and everybody has it', async () => {
    const { heard, told } = observer();
    const payOnce = new PayOnce<Score>(model, undefined, told);
    const { promise, resolve } = Promise.withResolvers<AskedAnswer<Score>>();
    let asked = 0;
    const ask = () => {
      asked++;
      return promise;
    };
    const answers = [1, 2, 3].map(() => payOnce.answer({ input: 'x' }, ask));
    resolve(ok(0.5));
    const given = await Promise.all(answers);
    expect(asked).toBe(1);
    expect(
      given.map(({ cached, outcome }) => [cached, outcome.kind === 'ok' && outcome.costNanoUsd]),
    ).toEqual([
      [false, PRICE],
      [true, 0],
      [true, 0],
    ]);
    expect(heard).toEqual(['missed', `in_flight ${PRICE}`, `in_flight ${PRICE}`]);
    expect((await payOnce.answer({ input: 'x' }, ask)).cached).toBe(true);
    expect(asked).toBe(1);
  });

  test('paid by the call is durable before it is given out', async () => {
    const shared = new Shared();
    const { promise, resolve } = Promise.withResolvers<void>();
    shared.gate = promise;
    const answering = new PayOnce<Score>(model, shared, observer().told).answer({ input: 'x' }, async () =>
      ok(1),
    );
    let isGiven = false;
    void answering.then(() => {
      isGiven = true;
    });
    await new Promise(setImmediate);
    expect(isGiven).toBe(false);
    resolve();
    await answering;
    expect([...shared.stored.values()]).toEqual([{ result: '{"score":1}', costNanoUsd: PRICE }]);
  });

  test('that another process paid for is not asked for', async () => {
    const shared = new Shared();
    await new PayOnce<Score>(model, shared, observer().told).answer({ input: 'x' }, async () => ok(0.25));
    const { heard, told } = observer();
    const other = new PayOnce<Score>(model, shared, told);
    const ask = async (): Promise<AskedAnswer<Score>> => {
      throw new Error('asked again');
    };
    for (const layer of ['shared', 'memory']) {
      const { outcome, cached } = await other.answer({ input: 'x' }, ask);
      expect({ outcome, cached }).toEqual({
        outcome: { kind: 'ok', result: { score: 0.25 }, costNanoUsd: 0 },
        cached: true,
      });
      expect(heard.pop()).toBe(`${layer} ${PRICE}`);
    }
  });

  test('of another period is asked for again', async () => {
    const payOnce = new PayOnce<Score>(model, new Shared(), observer().told);
    let asked = 0;
    const ask = async () => ok(++asked);
    for (const period of [undefined, 'job 1', 'job 1', 'job 2'])
      await payOnce.answer({ input: 'x' }, ask, period === undefined ? undefined : { period });
    expect(asked).toBe(3);
  });
});

test('a refusal is not remembered, and an error neither: both are asked again', async () => {
  const shared = new Shared();
  const payOnce = new PayOnce<Score>(model, shared, observer().told);
  const refused: AskedAnswer<Score> = {
    outcome: { kind: 'rejected', fault: new Fault('rejected_item', 'x', 'refused') },
    attempts: 1,
    modelMs: 0,
    batchRows: 0,
  };
  const refusals = await Promise.all([1, 2].map(() => payOnce.answer({ input: 'x' }, async () => refused)));
  expect(refusals.map(({ outcome, cached }) => [outcome.kind, cached])).toEqual([
    ['rejected', false],
    ['rejected', false],
  ]);
  await expect(
    payOnce.answer({ input: 'x' }, async () => {
      throw new Error('away');
    }),
  ).rejects.toThrow('away');
  expect(shared.stored.size).toBe(0);
  expect((await payOnce.answer({ input: 'x' }, async () => ok(1))).cached).toBe(false);
});

test('whatever is asked in whatever order by two processes: every text is paid once each at most, and answered rightly', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(1), fc.nat(5)), { maxLength: 40 }),
      fc.scheduler(),
      async (questions, scheduler) => {
        const shared = new Shared();
        const paid = new Map<string, number>();
        const processes = [0, 1].map(() => new PayOnce<Score>(model, shared, observer().told));
        const answers = questions.map(async ([process, text]) => {
          const ask = async () => {
            const name = `${process}/${text}`;
            paid.set(name, (paid.get(name) ?? 0) + 1);
            await scheduler.schedule(Promise.resolve());
            return ok(text);
          };
          return await processes[process]?.answer({ input: String(text) }, ask);
        });
        await scheduler.waitFor(Promise.all(answers));
        for (const [place, answer] of (await Promise.all(answers)).entries()) {
          expect(answer?.outcome).toMatchObject({ kind: 'ok', result: { score: questions[place]?.[1] } });
        }
        for (const times of paid.values()) expect(times).toBe(1);
      },
    ),
  );
});

test('what another process paid for while this one waited for money is not over budget', async () => {
  const shared = new Shared();
  const payOnce = new PayOnce<Score>(model, shared, observer().told);
  const over = { kind: 'over_budget', limit: 'daily_usd', resetsAt: '2026-11-22T00:00:00.000000Z' } as const;
  const none = { attempts: 0, modelMs: 0, batchRows: 0 };
  const nobody = await payOnce.answer({ input: 'x' }, async () => ({ outcome: over, ...none }));
  expect(nobody.outcome).toEqual(over);
  const other = new PayOnce<Score>(model, shared, observer().told);
  const paid = await payOnce.answer({ input: 'x' }, async (item) => {
    await other.answer(item, async () => ok(0.5));
    return { outcome: over, ...none };
  });
  expect(paid).toMatchObject({ cached: true, outcome: { kind: 'ok', costNanoUsd: 0 } });
});

test('a change does not wait for the money of an equal row that is read again, nor hears that there is none', async () => {
  const shared = new Shared();
  const payOnce = new PayOnce<Score>(model, shared, observer().told);
  const over = {
    kind: 'over_budget',
    limit: 'redo_daily_usd',
    resetsAt: '2026-11-22T00:00:00.000000Z',
  } as const;
  const waiting = Promise.withResolvers<AskedAnswer<Score>>();
  const redone = payOnce.answer({ input: 'x' }, () => waiting.promise, {});
  const changed = await payOnce.answer({ input: 'x' }, async () => ok(0.5));
  expect(changed).toMatchObject({ cached: false, outcome: { kind: 'ok', costNanoUsd: PRICE } });
  waiting.resolve({ outcome: over, attempts: 0, modelMs: 0, batchRows: 0 });
  // What is stored belongs to both: paid for from the one purse, it is there for the other.
  expect(await redone).toMatchObject({ cached: true, outcome: { kind: 'ok', costNanoUsd: 0 } });
  expect(shared.stored.size).toBe(1);
});

test('calls that cost nothing are shared by changes and by rows that are read again', async () => {
  const payOnce = new PayOnce<Score>(model, undefined, observer().told);
  const { promise, resolve } = Promise.withResolvers<AskedAnswer<Score>>();
  const redone = payOnce.answer({ input: 'x' }, () => promise, {});
  const changed = payOnce.answer({ input: 'x' }, async () => ok(0.25));
  resolve(ok(0.5));
  expect((await redone).outcome).toMatchObject({ kind: 'ok', result: { score: 0.5 } });
  expect(await changed).toMatchObject({ cached: true, outcome: { kind: 'ok', result: { score: 0.5 } } });
});
