import { expect, test } from 'vitest';
import { history } from './history.ts';

const NOW = new Date('2026-11-20T09:15:00Z');
const settings = { seed: 1, customers: 200, purchases: 1_200, now: NOW };
const past = history(settings);
const customers = past.flatMap((operation) => (operation.kind === 'insert_customer' ? [operation.row] : []));
const bought = past.flatMap((operation) => (operation.kind === 'insert_transaction' ? [operation] : []));

test('the same seed is the same history', () => {
  expect(history(settings)).toEqual(past);
});

test('lies in the past, in order', () => {
  const times = bought.map((operation) => operation.row.occurred_at.getTime());
  expect(times.at(-1)).toBeLessThanOrEqual(NOW.getTime());
  expect(times).toEqual(times.toSorted((one, other) => one - other));
});

test('agrees with the counters of the customers', () => {
  const counted = customers.reduce((sum, row) => sum + row.purchases_90d, 0);
  expect(counted).toBeGreaterThan(900);
  expect(counted).toBeLessThanOrEqual(bought.length);
});

test('has customers who never came back, of many countries', () => {
  expect(customers.filter((row) => row.last_login_at === null).length).toBeGreaterThan(5);
  expect(new Set(customers.map((row) => row.country)).size).toBeGreaterThan(14);
  expect(new Set(customers.map((row) => row.email)).size).toBe(customers.length);
});

test('has repeat buyers: a customer mostly uses one card and few categories', () => {
  const byCustomer = Map.groupBy(bought, (operation) => operation.email);
  const regulars = [...byCustomer.values()].filter((purchases) => purchases.length >= 8);
  expect(regulars.length).toBeGreaterThan(20);
  for (const purchases of regulars) {
    const cards = new Set(purchases.map((purchase) => purchase.row.card_last4));
    expect(cards.size).toBeLessThanOrEqual(2);
  }
});
