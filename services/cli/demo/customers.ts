// Who buys: a customer's row, and the habits that make the same customer buy alike again.
import { COUNTRY_WEIGHTS, countryOf } from './countries.ts';
import { CATEGORIES, MERCHANT_CATEGORIES, type MerchantCategory } from './merchants.ts';
import type { CustomerRow } from './operations.ts';
import { createRandom, hashText, type Random } from './random.ts';

export const DAY_MS = 86_400_000;

/** All the generator needs to know of a customer already in the database. */
export interface Customer {
  readonly email: string;
  readonly country: string;
}

export interface Habits {
  readonly cards: readonly string[];
  readonly favourites: readonly (readonly [MerchantCategory, number])[];
  /** Scales every amount: some people buy small, some large. */
  readonly thrift: number;
  /** The local hour around which this customer shops. */
  readonly usualHour: number;
  readonly language: string;
  /** Added to the rating of every review: some people are never content. */
  readonly mood: number;
}

/** Habits hang on the e-mail alone, so they are the same after a restart and in every run. */
export function habitsOf(customer: Customer): Habits {
  const random = createRandom(hashText(customer.email));
  const { languages } = countryOf(customer.country);
  const favourites = new Set<MerchantCategory>();
  const popularity = MERCHANT_CATEGORIES.map((name) => [name, CATEGORIES[name].popularity] as const);
  while (favourites.size < 3) favourites.add(random.weighted(popularity));
  return {
    cards: Array.from({ length: random.integer(1, 2) }, () => fourDigits(random)),
    favourites: [...favourites].map((name, rank) => [name, 6 - 2 * rank] as const),
    thrift: random.logNormal(1, 0.3),
    usualHour: random.weighted([
      [8, 2],
      [12, 3],
      [18, 5],
      [21, 3],
    ]),
    language: random.chance(0.8) ? (languages[0] ?? 'en') : random.pick(languages),
    mood: random.weighted([
      [0, 6],
      [-1, 1],
      [1, 2],
    ]),
  };
}

export function fourDigits(random: Random): string {
  return String(random.integer(0, 9999)).padStart(4, '0');
}

/** `number` is in the e-mail, which makes it unique; example.com belongs to nobody. */
export function newCustomer(random: Random, number: number, signedUpAt: Date): CustomerRow {
  const country = random.weighted(COUNTRY_WEIGHTS);
  const given = random.pick(country.givenNames);
  const family = random.pick(country.familyNames);
  const spoken =
    country.familyFirst === undefined
      ? `${given} ${family}`
      : `${family}${country.familyFirst === 'joined' ? '' : ' '}${given}`;
  const mailbox = `${plainLetters(given)}.${plainLetters(family)}`.replace(/^\.|\.$/g, '') || 'customer';
  return {
    full_name: spoken,
    email: `${mailbox}.${number}@example.com`,
    country: country.code,
    plan: random.weighted([
      ['free', 70],
      ['plus', 22],
      ['business', 8],
    ]),
    signed_up_at: signedUpAt,
    last_login_at: null,
    logins_30d: 0,
    purchases_90d: 0,
    support_tickets_90d: 0,
  };
}

function plainLetters(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z]/g, '');
}

/** A customer of some time ago: most are active, some drift away, a few never came back at all. */
export function formerCustomer(random: Random, number: number, now: Date): CustomerRow {
  const ageDays = 30 + random.integer(0, 900);
  const row = newCustomer(random, number, new Date(now.getTime() - ageDays * DAY_MS));
  const fate = random.weighted([
    ['active', 70],
    ['drifting', 22],
    ['never_returned', 8],
  ]);
  if (fate === 'never_returned') return row;
  const awayDays = fate === 'active' ? random.unit() * 6 : Math.min(ageDays, 20 + random.unit() * 150);
  return {
    ...row,
    last_login_at: new Date(now.getTime() - awayDays * DAY_MS),
    logins_30d: awayDays > 30 ? 0 : Math.round(random.logNormal(fate === 'active' ? 12 : 2, 0.6)),
    support_tickets_90d: random.weighted([
      [0, fate === 'active' ? 80 : 40],
      [1, 15],
      [random.integer(2, 6), fate === 'active' ? 5 : 20],
    ]),
  };
}
