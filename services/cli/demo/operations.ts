import type { MerchantCategory } from './merchants.ts';

export type TransactionStatus = 'authorized' | 'settled' | 'declined' | 'charged_back';

// Rows are named as the generator knows them: customers by their unique e-mail, the rest by a number of its own. Ids are the
// database's affair, so the same seed is the same traffic in every database.
export type TransactionRef = number;
export type ReviewRef = number;

/** Names as in schema.sql: written as they are. */
export interface CustomerRow {
  readonly full_name: string;
  readonly email: string;
  readonly country: string;
  readonly plan: 'free' | 'plus' | 'business';
  readonly signed_up_at: Date;
  readonly last_login_at: Date | null;
  readonly logins_30d: number;
  readonly purchases_90d: number;
  readonly support_tickets_90d: number;
}

export interface TransactionRow {
  readonly kind: 'purchase' | 'refund';
  readonly status: TransactionStatus;
  /** Two decimals, as numeric(12,2) has them. */
  readonly amount: string;
  readonly currency: string;
  readonly merchant_name: string;
  readonly merchant_category: MerchantCategory;
  readonly merchant_country: string;
  readonly card_last4: string;
  readonly card_present: boolean;
  readonly attempts_10m: number;
  readonly distance_from_home_km: number | null;
  readonly occurred_at: Date;
}

export interface ReviewRow {
  readonly product_name: string;
  readonly rating: number;
  readonly language: string | null;
  readonly title: string | null;
  readonly body: string;
  readonly helpful_votes: number;
  readonly created_at: Date;
}

/** One row written by one statement. */
export type Operation =
  | { readonly kind: 'insert_customer'; readonly row: CustomerRow }
  | {
      readonly kind: 'update_customer';
      readonly email: string;
      readonly login: Date | null;
      readonly purchases: number;
      readonly tickets: number;
    }
  | {
      readonly kind: 'insert_transaction';
      readonly ref: TransactionRef;
      readonly email: string;
      readonly row: TransactionRow;
      /** Part of a card testing attack; known to tests and reports, never to the database. */
      readonly attack: boolean;
    }
  | { readonly kind: 'update_status'; readonly ref: TransactionRef; readonly status: TransactionStatus }
  | { readonly kind: 'delete_transaction'; readonly ref: TransactionRef }
  | {
      readonly kind: 'insert_review';
      readonly ref: ReviewRef;
      readonly email: string;
      readonly transaction: TransactionRef | null;
      readonly row: ReviewRow;
    }
  | { readonly kind: 'edit_review'; readonly ref: ReviewRef; readonly body: string; readonly editedAt: Date }
  | { readonly kind: 'vote_review'; readonly ref: ReviewRef; readonly votes: number }
  | { readonly kind: 'delete_review'; readonly ref: ReviewRef };

export type OperationKind = Operation['kind'];

/** What an application would do in one database transaction. */
export type UnitOfWork = readonly Operation[];
