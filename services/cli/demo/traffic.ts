// The demo's traffic: an endless, seeded sequence of what an application would commit. Nothing here does I/O.
import { type Customer, habitsOf, newCustomer } from './customers.ts';
import type {
  Operation,
  TransactionRef,
  TransactionRow,
  TransactionStatus,
  UnitOfWork,
} from './operations.ts';
import { type Attack, attackAttempt, planAttack, purchase, refund } from './purchases.ts';
import { createRandom, type Random } from './random.ts';
import { RecentRows } from './recent-rows.ts';
import { editedBody, review } from './reviews.ts';

export interface TrafficSettings {
  readonly seed: number;
  /** Those already in the database, in a stable order. */
  readonly customers: readonly Customer[];
  /** Numbers the e-mails of those who sign up from now on. */
  readonly nextCustomerNumber: number;
  /** A card testing attack begins about this often. */
  readonly attackEveryRows: number;
  readonly now: () => Date;
}

type Activity =
  | 'checkout'
  | 'decision'
  | 'refund'
  | 'chargeback'
  | 'cancellation'
  | 'login'
  | 'sign_up'
  | 'review'
  | 'vote'
  | 'edit'
  | 'review_removal';

const ACTIVITIES: readonly (readonly [Activity, number])[] = [
  ['checkout', 420],
  ['decision', 210],
  ['refund', 18],
  ['chargeback', 4],
  ['cancellation', 5],
  ['login', 45],
  ['sign_up', 8],
  ['review', 75],
  ['vote', 60],
  ['edit', 18],
  ['review_removal', 7],
];
/** Enough for variety; above it nobody signs up any more, so that a long run stays small. */
export const CUSTOMERS_MAX = 5_000;
/** Payments waiting for a decision; more than these are decided first, so that hardly any stays authorized. */
const UNDECIDED_MAX = 150;

export class Traffic {
  readonly #random: Random;
  readonly #now: () => Date;
  readonly #attackEveryRows: number;
  readonly #customers: Customer[];
  #nextCustomerNumber: number;
  #rows = 0;
  #nextAttackAtRow: number;
  #attack: { readonly plan: Attack; made: number } | undefined;
  readonly #recent = new RecentRows();

  constructor(settings: TrafficSettings) {
    if (settings.customers.length === 0) throw new RangeError('traffic needs customers');
    this.#random = createRandom(settings.seed);
    this.#now = settings.now;
    this.#attackEveryRows = settings.attackEveryRows;
    this.#customers = [...settings.customers];
    this.#nextCustomerNumber = settings.nextCustomerNumber;
    // The first one comes soon, for those who only look in.
    this.#nextAttackAtRow = Math.round(settings.attackEveryRows / 5);
  }

  /** What is committed next. */
  next(): UnitOfWork {
    const unit = this.#attempt() ?? this.#activity(this.#random.weighted(ACTIVITIES));
    this.#rows += unit.length;
    return unit;
  }

  #activity(activity: Activity): UnitOfWork {
    const unit = this.#recent.undecidedCount > UNDECIDED_MAX ? this.#decide() : this.#perform(activity);
    // Early on there is nothing to review or refund yet: then somebody buys.
    return unit ?? this.#checkOut();
  }

  #perform(activity: Activity): UnitOfWork | undefined {
    switch (activity) {
      case 'checkout':
        return this.#checkOut();
      case 'decision':
        return this.#decide();
      case 'refund':
        return this.#refund();
      case 'chargeback':
        return this.#chargeBack();
      case 'cancellation':
        return this.#cancel();
      case 'login':
        return this.#logIn();
      case 'sign_up':
        return this.#signUp();
      case 'review':
        return this.#review();
      case 'vote':
        return this.#vote();
      case 'edit':
        return this.#edit();
      case 'review_removal':
        return this.#removeReview();
    }
  }

  /** While an attack runs, every second commit is one of its attempts. */
  #attempt(): UnitOfWork | undefined {
    if (this.#attack === undefined) {
      if (this.#rows < this.#nextAttackAtRow) return undefined;
      this.#attack = { plan: planAttack(this.#random, this.#random.pick(this.#customers)), made: 0 };
      this.#nextAttackAtRow =
        this.#rows + Math.round(this.#attackEveryRows * (0.75 + this.#random.unit() / 2));
    }
    if (this.#random.chance(0.5)) return undefined;
    const { plan } = this.#attack;
    this.#attack.made += 1;
    const row = attackAttempt(this.#random, plan, this.#attack.made, this.#now());
    if (this.#attack.made === plan.attempts) this.#attack = undefined;
    return [this.#pay(plan.customer, row, true)];
  }

  #pay(customer: Customer, row: TransactionRow, attack: boolean): Operation {
    const ref = this.#recent.addPayment(customer, row, attack);
    return { kind: 'insert_transaction', ref, email: customer.email, row, attack };
  }

  #checkOut(): UnitOfWork {
    const customer = this.#random.pick(this.#customers);
    const row = purchase(this.#random, customer, habitsOf(customer), this.#now());
    const paid = this.#pay(customer, row, false);
    return this.#random.chance(0.1) ? [paid, this.#counters(customer, 1)] : [paid];
  }

  #counters(customer: Customer, purchases: number): Operation {
    const login = purchases === 0 || this.#random.chance(0.5) ? this.#now() : null;
    const tickets = this.#random.chance(0.05) ? 1 : 0;
    return { kind: 'update_customer', email: customer.email, login, purchases, tickets };
  }

  /** The bank decides in small lots, oldest first. */
  #decide(): UnitOfWork | undefined {
    const lot = this.#recent.takeUndecided(this.#random.chance(0.6) ? 1 : this.#random.integer(2, 6));
    if (lot.length === 0) return undefined;
    return lot.map((payment): Operation => {
      const declined = this.#random.chance(payment.attack ? 0.6 : 0.03);
      if (!declined) this.#recent.addSettled(payment);
      return statusOf(payment.ref, declined ? 'declined' : 'settled');
    });
  }

  #refund(): UnitOfWork | undefined {
    const payment = this.#recent.takeSettledPurchase(this.#random);
    return payment && [this.#pay(payment.customer, refund(this.#random, payment.row, this.#now()), false)];
  }

  #chargeBack(): UnitOfWork | undefined {
    const payment = this.#recent.takeSettledPurchase(this.#random);
    return payment && [statusOf(payment.ref, 'charged_back')];
  }

  /** A payment taken back before it was settled leaves no row. */
  #cancel(): UnitOfWork | undefined {
    const [payment] = this.#recent.takeUndecided(1);
    return payment && [{ kind: 'delete_transaction', ref: payment.ref }];
  }

  #logIn(): UnitOfWork {
    return [this.#counters(this.#random.pick(this.#customers), 0)];
  }

  #signUp(): UnitOfWork | undefined {
    if (this.#customers.length >= CUSTOMERS_MAX) return undefined;
    const row = newCustomer(this.#random, this.#nextCustomerNumber, this.#now());
    this.#nextCustomerNumber += 1;
    const customer: Customer = { email: row.email, country: row.country };
    this.#customers.push(customer);
    const insert: Operation = { kind: 'insert_customer', row };
    // Half of them sign up because they are buying something: one commit.
    return this.#random.chance(0.5)
      ? [
          insert,
          this.#pay(customer, purchase(this.#random, customer, habitsOf(customer), this.#now()), false),
        ]
      : [insert];
  }

  #review(): UnitOfWork | undefined {
    const payment = this.#recent.takeSettledPurchase(this.#random);
    if (payment === undefined) return undefined;
    const { customer } = payment;
    const row = review(this.#random, habitsOf(customer), payment.row, this.#now());
    if (row === undefined) return undefined;
    const ref = this.#recent.addReview(habitsOf(customer).language, row.body);
    const transaction = this.#random.chance(0.85) ? payment.ref : null;
    return [{ kind: 'insert_review', ref, email: customer.email, transaction, row }];
  }

  #vote(): UnitOfWork | undefined {
    const written = this.#recent.anyReview(this.#random);
    return written && [{ kind: 'vote_review', ref: written.ref, votes: this.#random.integer(1, 3) }];
  }

  #edit(): UnitOfWork | undefined {
    const written = this.#recent.anyReview(this.#random);
    if (written === undefined) return undefined;
    written.body = editedBody(this.#random, written.language, written.body);
    return [{ kind: 'edit_review', ref: written.ref, body: written.body, editedAt: this.#now() }];
  }

  #removeReview(): UnitOfWork | undefined {
    const written = this.#recent.takeReview(this.#random);
    return written && [{ kind: 'delete_review', ref: written.ref }];
  }
}

function statusOf(ref: TransactionRef, status: TransactionStatus): Operation {
  return { kind: 'update_status', ref, status };
}
