import type { Customer } from './customers.ts';
import type { ReviewRef, TransactionRef, TransactionRow } from './operations.ts';
import type { Random } from './random.ts';

export interface Payment {
  readonly ref: TransactionRef;
  readonly customer: Customer;
  readonly row: TransactionRow;
  readonly attack: boolean;
}

export interface WrittenReview {
  readonly ref: ReviewRef;
  readonly language: string;
  body: string;
}

const SETTLED_MAX = 500;
const REVIEWS_MAX = 300;
/** The rows that may still change: bounded, so that a demo can run for weeks. */
export class RecentRows {
  readonly #undecided: Payment[] = [];
  readonly #settled: Payment[] = [];
  readonly #reviews: WrittenReview[] = [];
  #lastPayment = 0;
  #lastReview = 0;

  get undecidedCount(): number {
    return this.#undecided.length;
  }

  addPayment(customer: Customer, row: TransactionRow, attack: boolean): TransactionRef {
    this.#lastPayment += 1;
    const payment = { ref: this.#lastPayment, customer, row, attack };
    if (row.status === 'authorized') this.#undecided.push(payment);
    return payment.ref;
  }

  /** The oldest ones. */
  takeUndecided(countMax: number): readonly Payment[] {
    return this.#undecided.splice(0, countMax);
  }

  addSettled(payment: Payment): void {
    this.#settled.push(payment);
    if (this.#settled.length > SETTLED_MAX) this.#settled.shift();
  }

  /** Sometimes none, as when chance falls on a refund. Takes it out, so that a payment is reviewed, refunded or charged back at most once. */
  takeSettledPurchase(random: Random): Payment | undefined {
    if (this.#settled.length === 0) return undefined;
    const place = random.integer(0, this.#settled.length - 1);
    const payment = this.#settled[place];
    if (payment === undefined || payment.attack || payment.row.kind !== 'purchase') return undefined;
    this.#settled.splice(place, 1);
    return payment;
  }

  addReview(language: string, body: string): ReviewRef {
    this.#lastReview += 1;
    this.#reviews.push({ ref: this.#lastReview, language, body });
    if (this.#reviews.length > REVIEWS_MAX) this.#reviews.shift();
    return this.#lastReview;
  }

  anyReview(random: Random): WrittenReview | undefined {
    return this.#reviews.length === 0 ? undefined : random.pick(this.#reviews);
  }

  takeReview(random: Random): WrittenReview | undefined {
    if (this.#reviews.length === 0) return undefined;
    return this.#reviews.splice(random.integer(0, this.#reviews.length - 1), 1)[0];
  }
}
