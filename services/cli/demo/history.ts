// What was there before the demo began: customers, and the last ninety days of what they bought and wrote.
import { countryOf } from './countries.ts';
import { type Customer, DAY_MS, formerCustomer, habitsOf } from './customers.ts';
import type { CustomerRow, Operation, TransactionStatus } from './operations.ts';
import { purchase } from './purchases.ts';
import { createRandom, type Random } from './random.ts';
import { review } from './reviews.ts';

export interface HistorySettings {
  readonly seed: number;
  readonly customers: number;
  readonly purchases: number;
  /** History ends here. */
  readonly now: Date;
}

const HOUR_MS = 3_600_000;
const HISTORY_DAYS = 90;
const REVIEWED_SHARE = 0.15;

/** In an order in which every row finds those it refers to. */
export function history(settings: HistorySettings): readonly Operation[] {
  const random = createRandom(settings.seed);
  const rows = Array.from({ length: settings.customers }, (_, index) =>
    formerCustomer(random, index + 1, settings.now),
  );
  const buyers = rows.flatMap((row) =>
    row.last_login_at === null ? [] : [{ row, lastLoginAt: row.last_login_at }],
  );
  const visits = Array.from({ length: settings.purchases }, () => visit(random, random.pick(buyers)));
  visits.sort((one, other) => one.at.getTime() - other.at.getTime());

  const purchases = new Map<string, number>();
  const bought: Operation[] = [];
  const written: Operation[] = [];
  for (const [index, { customer, at }] of visits.entries()) {
    const ref = index + 1;
    const habits = habitsOf(customer);
    const row = { ...purchase(random, customer, habits, at), status: finalStatus(random) };
    const counted = settings.now.getTime() - at.getTime() < HISTORY_DAYS * DAY_MS;
    if (counted) purchases.set(customer.email, (purchases.get(customer.email) ?? 0) + 1);
    bought.push({ kind: 'insert_transaction', ref, email: customer.email, row, attack: false });
    const writtenAt = new Date(at.getTime() + (1 + random.unit() * 10) * DAY_MS);
    if (row.status !== 'settled' || writtenAt > settings.now || !random.chance(REVIEWED_SHARE)) continue;
    const text = review(random, habits, row, writtenAt);
    if (text === undefined) continue;
    const votes = random.chance(0.4) ? random.integer(1, 12) : 0;
    written.push({
      kind: 'insert_review',
      ref: written.length + 1,
      email: customer.email,
      transaction: ref,
      row: { ...text, helpful_votes: votes },
    });
  }
  const customers = rows.map(
    (row): Operation => ({
      kind: 'insert_customer',
      row: { ...row, purchases_90d: purchases.get(row.email) ?? 0 },
    }),
  );
  return [...customers, ...bought, ...written];
}

interface Buyer {
  readonly row: CustomerRow;
  readonly lastLoginAt: Date;
}

/** Around the customer's usual hour of the day, at home; never before signing up, never after the last login. */
function visit(random: Random, { row, lastLoginAt }: Buyer): { customer: Customer; at: Date } {
  const customer = { email: row.email, country: row.country };
  const jitterHours = (random.unit() + random.unit() - 1) * 4;
  const hourUtc = habitsOf(customer).usualHour + jitterHours - countryOf(row.country).utcOffsetHours;
  const lastDay = lastLoginAt.getTime() - (lastLoginAt.getTime() % DAY_MS);
  const wanted = lastDay - random.integer(1, HISTORY_DAYS - 2) * DAY_MS + hourUtc * HOUR_MS;
  const earliest = Math.min(row.signed_up_at.getTime() + HOUR_MS, lastLoginAt.getTime());
  return { customer, at: new Date(Math.min(lastLoginAt.getTime(), Math.max(wanted, earliest))) };
}

function finalStatus(random: Random): TransactionStatus {
  return random.weighted([
    ['settled', 945],
    ['declined', 45],
    ['charged_back', 10],
  ]);
}
