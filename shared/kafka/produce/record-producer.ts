import type { TopicRecord } from '../topic-record.ts';
import type { RecordSet } from './record-set.ts';

/**
 * Writes records so that they are safe: idempotent, confirmed by all in-sync replicas. Sends go out one after the other, in
 * the order in which they were asked for; a rejected one leaves the producer unusable, because what the broker has of it
 * is unknown.
 */
export interface RecordProducer extends AsyncDisposable {
  /** Resolves when the brokers have confirmed every record, not when they are queued. */
  send(records: readonly TopicRecord[]): Promise<void>;
  /** The same for a set that its owner has filled, and may clear afterwards. */
  sendSet(set: RecordSet): Promise<void>;
}
