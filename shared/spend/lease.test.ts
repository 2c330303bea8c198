import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideLease, isFull, type LeaseDecision, type PurseUse } from './lease.ts';

const limits = { limitNanoUsd: 1_000, reservedNanoUsd: { fraud: 200 } };
const use = (enrichment: string, spentNanoUsd: number, leasedNanoUsd = 0): PurseUse => ({
  enrichment,
  spentNanoUsd,
  leasedNanoUsd,
});

test.each<[string, readonly PurseUse[], string, number, number, LeaseDecision]>([
  ['a hundredth of the rest at most', [], 'mood', 1, 500, { kind: 'granted', nanoUsd: 8 }],
  ['no more than is wanted', [], 'mood', 1, 5, { kind: 'granted', nanoUsd: 5 }],
  [
    'one row at least, near the limit too',
    [use('mood', 790)],
    'mood',
    3,
    500,
    { kind: 'granted', nanoUsd: 3 },
  ],
  ['what is reserved for another is not there', [use('mood', 798)], 'mood', 3, 3, { kind: 'spent' }],
  ['for whom it is reserved, it is', [use('mood', 800)], 'fraud', 3, 3, { kind: 'granted', nanoUsd: 3 }],
  [
    'a reserve that is spent is set aside no more',
    [use('fraud', 200), use('mood', 500)],
    'mood',
    300,
    300,
    { kind: 'granted', nanoUsd: 300 },
  ],
  ['while leases are out, it waits', [use('mood', 700, 100)], 'mood', 3, 3, { kind: 'wait' }],
  [
    'a lease on its own reserve cannot come back to others',
    [use('fraud', 0, 200), use('mood', 800)],
    'mood',
    3,
    3,
    { kind: 'spent' },
  ],
  [
    'what does not fit the rest is over budget, though leases are out',
    [use('mood', 798, 2)],
    'mood',
    3,
    3,
    { kind: 'spent' },
  ],
  ['a limit of nothing lets nothing out', [use('mood', 1_000)], 'fraud', 1, 1, { kind: 'spent' }],
])('%s', (_name, uses, enrichment, leastNanoUsd, wantedNanoUsd, decision) => {
  expect(decideLease(limits, uses, { enrichment, leastNanoUsd, wantedNanoUsd })).toEqual(decision);
});

test('without a limit everybody gets what is wanted', () => {
  const wish = { enrichment: 'mood', leastNanoUsd: 3, wantedNanoUsd: 500 };
  expect(decideLease(undefined, [], wish)).toEqual({ kind: 'granted', nanoUsd: 500 });
});

test('whoever asks and however they spend: never above the limit, and no more waiting once all leases are back', () => {
  const step = fc.record({
    enrichment: fc.constantFrom('fraud', 'mood', 'vectors'),
    least: fc.integer({ min: 1, max: 60 }),
    wanted: fc.integer({ min: 1, max: 400 }),
    spendsShare: fc.double({ min: 0, max: 1, noNaN: true }),
    settles: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const uses = new Map(
        ['fraud', 'mood', 'vectors'].map((name) => [name, { spent: 0, out: [] as [number, number][] }]),
      );
      const read = (): readonly PurseUse[] =>
        [...uses].map(([name, { spent, out }]) =>
          use(
            name,
            spent,
            out.reduce((sum, [granted]) => sum + granted, 0),
          ),
        );
      const settle = (name: string): void => {
        const each = uses.get(name);
        for (const [granted, spends] of each?.out.splice(0) ?? [])
          if (each !== undefined) each.spent += Math.min(granted, spends);
      };
      for (const { enrichment, least, wanted, spendsShare, settles } of steps) {
        const decision = decideLease(limits, read(), {
          enrichment,
          leastNanoUsd: least,
          wantedNanoUsd: wanted,
        });
        if (decision.kind === 'granted') {
          uses.get(enrichment)?.out.push([decision.nanoUsd, Math.floor(decision.nanoUsd * spendsShare)]);
        }
        if (settles) settle(enrichment);
        const total = read().reduce((sum, each) => sum + each.spentNanoUsd + each.leasedNanoUsd, 0);
        expect(total).toBeLessThanOrEqual(limits.limitNanoUsd);
      }
      for (const name of uses.keys()) settle(name);
      const last = decideLease(limits, read(), { enrichment: 'mood', leastNanoUsd: 1, wantedNanoUsd: 1 });
      expect(last.kind).not.toBe('wait');
    }),
    { seed: 7 },
  );
});

test.each([
  ['nothing is spent', 0, true],
  ['half of it is left', 500, true],
  ['less than half is left', 501, false],
  ['all is spent', 1_000, false],
])('whether a purse is full, when %s', (_what, spentNanoUsd, isItFull) => {
  const unreserved = { limitNanoUsd: 1_000, reservedNanoUsd: {} };
  expect(isFull(unreserved, [use('mood', spentNanoUsd)], 'mood')).toBe(isItFull);
});
