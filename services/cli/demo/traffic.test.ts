import { beforeAll, describe, expect, test } from 'vitest';
import { history } from './history.ts';
import type { Operation, OperationKind } from './operations.ts';
import { LONG_BODY_BYTES } from './reviews.ts';
import { Traffic } from './traffic.ts';

const NOW = new Date('2026-11-20T09:15:00Z');
const past = history({ seed: 1, customers: 200, purchases: 1_200, now: NOW });
const customers = past.flatMap((operation) => (operation.kind === 'insert_customer' ? [operation.row] : []));

function operations(seed: number, count: number, attackEveryRows = 2_250): readonly Operation[] {
  const traffic = new Traffic({ seed, customers, nextCustomerNumber: 201, attackEveryRows, now: () => NOW });
  const all: Operation[] = [];
  while (all.length < count) all.push(...traffic.next());
  return all;
}

test('the same seed is the same traffic', () => {
  expect(operations(5, 3_000)).toEqual(operations(5, 3_000));
});

test('another seed is other traffic', () => {
  expect(operations(5, 300)).not.toEqual(operations(6, 300));
});

describe('traffic', () => {
  let all: readonly Operation[];
  let share: (kind: OperationKind) => number;
  beforeAll(() => {
    all = operations(7, 30_000);
    share = (kind) => all.filter((operation) => operation.kind === kind).length / all.length;
  });

  test.each<[OperationKind, number, number]>([
    ['insert_transaction', 0.35, 0.45],
    ['update_status', 0.33, 0.43],
    ['update_customer', 0.05, 0.1],
    ['insert_customer', 0.003, 0.01],
    ['insert_review', 0.03, 0.07],
    ['vote_review', 0.03, 0.07],
    ['edit_review', 0.01, 0.025],
    ['delete_review', 0.003, 0.01],
    ['delete_transaction', 0.002, 0.01],
  ])('has its share of %s', (kind, least, most) => {
    expect(share(kind)).toBeGreaterThan(least);
    expect(share(kind)).toBeLessThan(most);
  });

  test('satisfies the schema, and so does the history', () => {
    expect([...past, ...all].flatMap(violations)).toEqual([]);
  });

  test('refers only to rows that are there', () => {
    const payments = new Set<number>();
    const reviews = new Set<number>();
    for (const operation of all) {
      if (operation.kind === 'insert_transaction') payments.add(operation.ref);
      if (operation.kind === 'insert_review') reviews.add(operation.ref);
      if (operation.kind === 'update_status') expect(payments).toContain(operation.ref);
      if (operation.kind === 'vote_review' || operation.kind === 'edit_review')
        expect(reviews).toContain(operation.ref);
      if (operation.kind === 'delete_transaction') expect(payments.delete(operation.ref)).toBe(true);
      if (operation.kind === 'delete_review') expect(reviews.delete(operation.ref)).toBe(true);
    }
  });

  test('settles almost everything, and charges some back', () => {
    const statuses = all.flatMap((operation) =>
      operation.kind === 'update_status' ? [operation.status] : [],
    );
    const of = (status: string): number => statuses.filter((one) => one === status).length / statuses.length;
    expect(of('settled')).toBeGreaterThan(0.9);
    expect(of('declined')).toBeGreaterThan(0.02);
    expect(of('charged_back')).toBeGreaterThan(0.003);
  });

  test('online payments have no distance, others do', () => {
    for (const operation of all) {
      if (operation.kind !== 'insert_transaction') continue;
      expect(operation.row.distance_from_home_km === null).toBe(!operation.row.card_present);
    }
  });

  test('writes in the twelve languages Comprehend judges, in others, and sometimes does not say', () => {
    const languages = new Set(
      all.flatMap((operation) => (operation.kind === 'insert_review' ? [operation.row.language] : [])),
    );
    for (const language of [
      'ar',
      'de',
      'en',
      'es',
      'fr',
      'hi',
      'it',
      'ja',
      'ko',
      'pt',
      'zh',
      'zh-TW',
      'pl',
      null,
    ]) {
      expect(languages).toContain(language);
    }
  });

  test('most reviews are short, a few very long', () => {
    const sizes = all.flatMap((operation) =>
      operation.kind === 'insert_review' ? [Buffer.byteLength(operation.row.body)] : [],
    );
    const long = sizes.filter((bytes) => bytes > LONG_BODY_BYTES).length / sizes.length;
    expect(long).toBeGreaterThan(0.015);
    expect(long).toBeLessThan(0.06);
    expect(sizes.filter((bytes) => bytes < 20).length).toBeGreaterThan(0);
    expect(Math.max(...sizes)).toBeLessThan(35_000);
  });

  test('ratings speak as the texts do: most reviews are good, a fifth is bad', () => {
    const ratings = all.flatMap((operation) =>
      operation.kind === 'insert_review' ? [operation.row.rating] : [],
    );
    const of = (least: number, most: number): number =>
      ratings.filter((rating) => rating >= least && rating <= most).length / ratings.length;
    expect(of(4, 5)).toBeGreaterThan(0.5);
    expect(of(1, 2)).toBeGreaterThan(0.12);
  });
});

test('card testing is visible: one card, one online shop, small amounts, the counter counting up', () => {
  const attempts = operations(9, 2_000, 250).flatMap((operation) =>
    operation.kind === 'insert_transaction' && operation.attack ? [operation.row] : [],
  );
  const starts = attempts.flatMap((row, place) => (row.attempts_10m === 1 ? [place] : []));
  expect(starts.length).toBeGreaterThan(4);
  const first = attempts.slice(starts[0], starts[1]);
  expect(first.length).toBeGreaterThan(10);
  expect(first.map((row) => row.attempts_10m)).toEqual(first.map((_, place) => place + 1));
  expect(new Set(first.map((row) => `${row.card_last4} ${row.merchant_name}`)).size).toBe(1);
  expect(first.every((row) => !row.card_present && Number(row.amount) < 5)).toBe(true);
});

/** What schema.sql would refuse. */
function violations(operation: Operation): readonly string[] {
  const wrong: string[] = [];
  const rule = (name: string, holds: boolean): void => {
    if (!holds) wrong.push(`${operation.kind}: ${name}`);
  };
  if (operation.kind === 'insert_transaction') {
    const { row } = operation;
    rule('amount is positive and fits', /^\d{1,10}\.\d{2}$/.test(row.amount) && Number(row.amount) > 0);
    rule('codes have their length', row.currency.length === 3 && row.merchant_country.length === 2);
    rule('card_last4 has four digits', /^\d{4}$/.test(row.card_last4));
    rule('attempts_10m is a smallint of at least one', row.attempts_10m >= 1 && row.attempts_10m < 32_768);
    rule('distance is not negative', row.distance_from_home_km === null || row.distance_from_home_km >= 0);
    rule('the merchant has a name', row.merchant_name.length > 0);
  }
  if (operation.kind === 'insert_review') {
    rule('rating is from one to five', [1, 2, 3, 4, 5].includes(operation.row.rating));
    rule('texts are filled in', !/[{}]|undefined/.test(`${operation.row.title} ${operation.row.body}`));
  }
  if (operation.kind === 'insert_customer') {
    const { row } = operation;
    rule('country has two letters', /^[A-Z]{2}$/.test(row.country));
    rule(
      'counters are not negative',
      Math.min(row.logins_30d, row.purchases_90d, row.support_tickets_90d) >= 0,
    );
    rule('the e-mail belongs to nobody', /^[a-z.]+\.\d+@example\.com$/.test(row.email));
  }
  return wrong;
}
