// What the reader would have published: inserts of the demo's two tables, every one of them different.
import { createRandom } from '../../../services/cli/demo/random.ts';
import type { ChangeEvent, Row } from '../../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../../shared/contracts/instant.ts';
import { partitionOf } from '../../../shared/kafka/partitioner.ts';
import type { TopicRecord } from '../../../shared/kafka/producer.ts';
import { reviewTexts } from '../aws-local/requests.ts';

export type SourceName = 'transactions' | 'reviews';

const LANGUAGES = ['en', 'de', 'fr', 'es'] as const;
const CATEGORIES = [
  'grocery',
  'fuel',
  'restaurant',
  'clothing',
  'electronics',
  'travel',
  'digital',
  'gambling',
];
const TEXTS = new Map<string, readonly string[]>();

export interface ChangeEvents {
  readonly topic: string;
  readonly pipeline: string;
  readonly source: SourceName;
  readonly partitions: number;
}

/** The inserts numbered `from` to `to` (not included), in the partitions of their keys. */
export function changeRecords(
  { topic, pipeline, source, partitions }: ChangeEvents,
  from: number,
  to: number,
): readonly TopicRecord[] {
  return Array.from({ length: to - from }, (_, index): TopicRecord => {
    const number = from + index;
    const key = `{"id":"${number}"}`;
    const row = source === 'transactions' ? transaction(number) : review(number);
    const value = JSON.stringify(insert(row, { pipeline, table: source, number }));
    return { topic, partition: partitionOf(key, partitions), key, value };
  });
}

/** Of every `UPDATED_EVERY` changes of reviews one is an update that leaves the text alone: somebody found a review helpful. */
export const UPDATED_EVERY = 5;
/** An update comes behind the insert of its row by this many changes. */
const UPDATED_BEHIND = 2 * UPDATED_EVERY;

/** What the change numbered so says of a review: its row, and whether that is new. */
export function reviewChange(number: number): { readonly row: Row; readonly isInsert: boolean } {
  const isInsert = number < UPDATED_BEHIND || number % UPDATED_EVERY > 0;
  if (isInsert) return { row: review(number), isInsert };
  return { row: { ...review(number - UPDATED_BEHIND + 1), helpful_votes: 1 }, isInsert };
}

/** The changes numbered `from` to `to` (not included): reviews that are written, and found helpful. */
export function reviewRecords(
  { topic, pipeline, source, partitions }: ChangeEvents,
  from: number,
  to: number,
): readonly TopicRecord[] {
  return Array.from({ length: to - from }, (_, index): TopicRecord => {
    const number = from + index;
    const { row, isInsert } = reviewChange(number);
    const key = `{"id":"${row.id}"}`;
    const event = insert(row, { pipeline, table: source, number });
    const value = JSON.stringify(isInsert ? event : { ...event, op: 'u' });
    return { topic, partition: partitionOf(key, partitions), key, value };
  });
}

function insert(
  after: Row,
  { pipeline, table, number }: { pipeline: string; table: string; number: number },
): ChangeEvent {
  const nowMs = Date.now();
  return {
    before: null,
    after,
    op: 'c',
    ts_ms: nowMs,
    ts_us: nowMs * 1_000,
    source: {
      connector: 'postgresql',
      version: '0.1.0',
      name: pipeline,
      db: 'bench',
      schema: 'public',
      table,
      snapshot: 'false',
      ts_ms: nowMs,
      ts_us: nowMs * 1_000,
      txId: 700,
      lsn: 1,
      sequence: null,
      schema_version: 1,
      epoch: 1,
      commit_lsn: `00000000/${number.toString(16).toUpperCase().padStart(8, '0')}`,
      event_index: 0,
    },
  };
}

function transaction(number: number): Row {
  const random = createRandom(number);
  return {
    id: String(number),
    customer_id: String((number % 5_000) + 1),
    kind: 'purchase',
    status: 'authorized',
    amount: `${random.integer(1, 90_000)}.${random.integer(10, 99)}`,
    currency: 'USD',
    merchant_name: `Merchant ${number % 500}`,
    merchant_category: CATEGORIES[number % CATEGORIES.length] ?? 'fuel',
    merchant_country: 'US',
    card_last4: '4242',
    card_present: number % 3 > 0,
    attempts_10m: random.integer(1, 9),
    distance_from_home_km: number % 5 === 0 ? null : random.integer(1, 900) + number / 1e6,
    occurred_at: instantFromMilliseconds(Date.UTC(2026, 10, 20) + number * 997),
  };
}

function review(number: number): Row {
  const language = LANGUAGES[number % LANGUAGES.length] ?? 'en';
  const texts = TEXTS.get(language) ?? reviewTexts(1_000, language);
  TEXTS.set(language, texts);
  return {
    id: String(number),
    customer_id: String((number % 5_000) + 1),
    transaction_id: null,
    product_name: `Product ${number % 300}`,
    rating: (number % 5) + 1,
    language,
    title: `Review ${number}`,
    body: texts[number % texts.length] ?? '',
    helpful_votes: 0,
    created_at: instantFromMilliseconds(Date.UTC(2026, 10, 20) + number * 997),
    edited_at: null,
  };
}
