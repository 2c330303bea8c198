// What is paid: a customer's ordinary purchase, and the attempts of somebody who tests a stolen card.
import { COUNTRIES, countryOf } from './countries.ts';
import { type Customer, fourDigits, type Habits, habitsOf } from './customers.ts';
import { ATTACKED_MERCHANTS, CATEGORIES, MERCHANT_CATEGORIES } from './merchants.ts';
import type { TransactionRow } from './operations.ts';
import type { Random } from './random.ts';

const LARGEST_USD = 9_999_999_999;

/** numeric(12,2) holds it, and it is more than nothing. */
export function usd(amount: number): string {
  return Math.min(LARGEST_USD, Math.max(0.01, amount)).toFixed(2);
}

export function purchase(random: Random, customer: Customer, habits: Habits, at: Date): TransactionRow {
  const usual = random.chance(0.85);
  const category = usual ? random.weighted(habits.favourites) : random.pick(MERCHANT_CATEGORIES);
  const profile = CATEGORIES[category];
  const cardPresent = random.chance(profile.cardPresentShare);
  // A trip: the card is there, and far from home. Rare, and the fraud model has to bear it.
  const abroad = cardPresent ? random.chance(category === 'travel' ? 0.5 : 0.03) : random.chance(0.12);
  const home = countryOf(customer.country);
  const merchantCountry = abroad ? random.pick(COUNTRIES).code : home.code;
  const medianKm = abroad ? 2_400 : profile.medianDistanceKm;
  // A repeat buyer: the same category mostly means the same shop.
  const usualShop =
    profile.merchants[habits.usualHour % profile.merchants.length] ?? random.pick(profile.merchants);
  const amount = random.logNormal(profile.medianUsd, profile.spread) * habits.thrift;
  return {
    kind: 'purchase',
    status: 'authorized',
    amount: usd(category === 'cash' ? Math.max(20, Math.round(amount / 20) * 20) : amount),
    currency: home.currency,
    merchant_name: usual && random.chance(0.7) ? usualShop : random.pick(profile.merchants),
    merchant_category: category,
    merchant_country: merchantCountry,
    card_last4: random.chance(0.9) ? (habits.cards[0] ?? fourDigits(random)) : random.pick(habits.cards),
    card_present: cardPresent,
    // Drawn, not counted: the demo's few customers buy far more often than people do.
    attempts_10m: random.weighted([
      [1, 93],
      [2, 6],
      [3, 1],
    ]),
    distance_from_home_km: cardPresent ? Math.round(random.logNormal(medianKm, 0.8) * 10) / 10 : null,
    occurred_at: at,
  };
}

/** Money back for an earlier purchase: all of it, or a part. */
export function refund(random: Random, of: TransactionRow, at: Date): TransactionRow {
  const share = random.chance(0.7) ? 1 : 0.2 + 0.6 * random.unit();
  return {
    ...of,
    kind: 'refund',
    status: 'authorized',
    amount: usd(Number(of.amount) * share),
    attempts_10m: 1,
    occurred_at: at,
  };
}

/** One stolen card at one online shop: many small amounts, one after the other. */
export interface Attack {
  readonly customer: Customer;
  readonly card: string;
  readonly merchant: string;
  readonly merchantCountry: string;
  readonly attempts: number;
}

export function planAttack(random: Random, victim: Customer): Attack {
  return {
    customer: victim,
    card: habitsOf(victim).cards[0] ?? fourDigits(random),
    merchant: random.pick(ATTACKED_MERCHANTS),
    merchantCountry: random.pick(COUNTRIES).code,
    attempts: random.integer(12, 36),
  };
}

/** `number` counts from one, and so does attempts_10m: the whole attack takes a few minutes at most. */
export function attackAttempt(random: Random, attack: Attack, number: number, at: Date): TransactionRow {
  return {
    kind: 'purchase',
    status: random.chance(0.35) ? 'declined' : 'authorized',
    amount: usd(0.4 + random.unit() * 2.6),
    currency: 'USD',
    merchant_name: attack.merchant,
    merchant_category: 'digital',
    merchant_country: attack.merchantCountry,
    card_last4: attack.card,
    card_present: false,
    attempts_10m: number,
    distance_from_home_km: null,
    occurred_at: at,
  };
}
