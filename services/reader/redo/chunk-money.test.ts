import { expect, test } from 'vitest';
import { parse } from '../../../shared/config/fixtures/small-definition.ts';
import type { Purse } from '../../../shared/spend/lease.ts';
import { ChunkMoney, Promised, type RowPrice } from './chunk-money.ts';

const { definition } = parse(`version: 1
pipeline: shop
sources: { notes: { table: public.notes } }
enrichments:
  mood: { from: notes, model: { kind: comprehend }, input: [body] }
`);
const enrichment = definition?.enrichments.mood;
if (enrichment === undefined) throw new Error('the definition of this test is wrong');

const moneyOf = (...wallets: readonly (readonly [string, Purse, number])[]): ChunkMoney =>
  new ChunkMoney(
    wallets.map(([name, purse, restNanoUsd]) => ({
      name,
      enrichment,
      purse,
      restNanoUsd,
      dayNanoUsd: 100,
    })),
  );

test.each<[string, ChunkMoney, readonly RowPrice[], number]>([
  ['as many as the purse reaches for, to the last', moneyOf(['a', 'redo', 30]), [[10], [10], [10], [10]], 3],
  [
    'several are paid from one purse',
    moneyOf(['a', 'redo', 30], ['b', 'redo', 30]),
    [
      [5, 10],
      [5, 10],
      [5, 10],
    ],
    2,
  ],
  [
    'each purse has to reach',
    moneyOf(['a', 'redo', 100], ['b', 'shadow', 25]),
    [
      [5, 10],
      [5, 10],
      [5, 10],
    ],
    2,
  ],
  [
    'what is reserved for one leaves another less',
    moneyOf(['a', 'live', 30], ['b', 'live', 12]),
    [
      [5, 5],
      [5, 5],
    ],
    1,
  ],
  ['a dear row ends them', moneyOf(['a', 'redo', 30]), [[10], [21], [1]], 1],
  [
    'one that costs more than any day has goes where there is most of it',
    moneyOf(['a', 'redo', 50]),
    [[900], [1]],
    1,
  ],
  ['and not where there is less', moneyOf(['a', 'redo', 49]), [[900]], 0],
  ['what costs nothing goes without money', moneyOf(['a', 'redo', -5]), [[0], [0], [1]], 2],
])('%s', (_what, money, prices, rows) => {
  const refused = prices.findIndex((price) => !money.takes(price));
  expect(refused < 0 ? prices.length : refused).toBe(rows);
  expect(money.refused).toEqual(prices[rows]);
});

test('without any money a day nothing that costs anything goes', () => {
  const wallet = { name: 'a', enrichment, purse: 'redo', restNanoUsd: 0, dayNanoUsd: 0 } as const;
  const money = new ChunkMoney([wallet]);
  expect([money.takes([0]), money.takes([10])]).toEqual([true, false]);
  expect(money.shortOf([10])?.name).toBe('a');
});

test('whoever is short is named, and a chunk tells what it costs each', () => {
  const money = moneyOf(['a', 'redo', 100], ['b', 'shadow', 25]);
  expect([money.takes([5, 10]), money.takes([5, 10]), money.takes([5, 10])]).toEqual([true, true, false]);
  expect(money.nanoUsd).toEqual([10, 20]);
  expect(money.shortOf([5, 10])).toMatchObject({ name: 'b', purse: 'shadow' });
  expect(money.shortOf([5, 0])).toBeUndefined();
});

test('a chunk is owed until its group has finished what was on the topic when somebody first looked behind it', () => {
  const promised = new Promised();
  promised.published(100, 10);
  expect(promised.nanoUsd(undefined)).toBe(100);
  // Asked before it was there: what is ahead of the group is another's.
  expect(promised.nanoUsd({ askedAtMs: 9, finished: 50, ahead: 0 })).toBe(100);
  expect(promised.nanoUsd({ askedAtMs: 20, finished: 60, ahead: 7 })).toBe(100);
  promised.published(30, 25);
  // Changes go on coming, so that the group is never idle.
  expect(promised.nanoUsd({ askedAtMs: 30, finished: 66, ahead: 90 })).toBe(130);
  expect(promised.nanoUsd({ askedAtMs: 40, finished: 67, ahead: 99 })).toBe(30);
  expect(promised.isEmpty).toBe(false);
  expect(promised.nanoUsd({ askedAtMs: 50, finished: 156, ahead: 0 })).toBe(0);
  expect(promised.isEmpty).toBe(true);
});
