import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../random.ts';
import { churnScorer } from './churn.ts';
import { fraudScorer } from './fraud.ts';

const [GROCERY, ELECTRONICS, TRAVEL, DIGITAL, GAMBLING] = [0, 4, 5, 6, 7];

describe('fraud', () => {
  test.each([
    ['ordinary grocery shopping', [45.5, 1, 1, 14, 3.2, GROCERY], 0, 0.05],
    ['an ordinary online purchase', [20, 1, 0, 12, -1, DIGITAL], 0, 0.2],
    ['dinner-time electronics in a shop', [400, 1, 1, 18, 12, ELECTRONICS], 0, 0.3],
    ['a trip by day', [300, 1, 1, 13, 2_400, TRAVEL], 0, 0.7],
    ['card testing: many small attempts without the card', [1.99, 8, 0, 3, -1, DIGITAL], 0.97, 1],
    ['card testing at noon', [0.8, 6, 0, 12, -1, DIGITAL], 0.9, 1],
    ['gambling at night without the card', [900, 2, 0, 3, -1, GAMBLING], 0.9, 1],
    ['electronics at night, far away', [1_500, 1, 1, 2, 8_000, ELECTRONICS], 0.9, 1],
  ])('%s', (_name, row, from, to) => {
    const score = fraudScorer.score(row);
    expect(score).toBeGreaterThanOrEqual(from);
    expect(score).toBeLessThanOrEqual(to);
  });

  test('about one to three of a hundred plausible payments reach 0.9', () => {
    const random = seededRandom(20_261_120);
    const payments = Array.from({ length: 20_000 }, () => plausible(random));
    const flagged = payments.filter((row) => fraudScorer.score(row) >= 0.9).length / payments.length;
    expect(flagged).toBeGreaterThan(0.01);
    expect(flagged).toBeLessThan(0.03);
  });
});

test('churn follows absence', () => {
  expect(churnScorer.score([120, 0, 0, 4, 400])).toBeGreaterThan(0.75);
  expect(churnScorer.score([1, 18, 6, 0, 900])).toBeLessThan(0.05);
});

test('any numbers give a probability, missing ones too', () => {
  for (const value of [Number.NaN, 0, -1, 1e300, -1e300]) {
    for (const scorer of [fraudScorer, churnScorer]) {
      const score = scorer.score(new Array<number>(scorer.features).fill(value));
      expect(score >= 0 && score <= 1).toBe(true);
    }
  }
});

/** Mostly a card at a near shop by day, some online, some abroad, and two of a hundred are card testing. */
function plausible(random: Random): readonly number[] {
  const integer = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  if (random() < 0.02) return [0.4 + random() * 2.6, integer(1, 24), 0, integer(0, 23), -1, DIGITAL];
  const present = random() < 0.75;
  const distanceKm = random() < 0.04 ? 500 + random() * 4_000 : random() * 15;
  const amount = Math.exp(3.6 + (random() + random() + random() - 1.5) * 1.6);
  const attempts = random() < 0.93 ? 1 : integer(2, 3);
  return [amount, attempts, present ? 1 : 0, integer(6, 24) % 24, present ? distanceKm : -1, integer(0, 8)];
}
