import type { EnrichedEvent, RowKey } from '../contracts/events.ts';
import type { Fence } from '../contracts/position.ts';

/** A record as a Kafka client gives it, whichever one. */
export interface EnrichedRecord {
  readonly partition: number;
  readonly offset: bigint | string | number;
  readonly key: Uint8Array | null;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** How a row stands after its newest change; `result` only while it is scored. */
export type RowOutcome<Result> = Exclude<
  EnrichedEvent<Result>,
  { readonly status: 'deleted' } | { readonly status: 'truncated' }
>;

/** What a record says that was not said before. Of one key, each is newer than the one before. */
export type Change<Result> =
  | {
      readonly kind: 'outcome';
      /** The key as it stands on the topic: equal for equal keys. */
      readonly keyText: string;
      readonly key: RowKey;
      readonly fence: Fence;
      readonly event: RowOutcome<Result>;
    }
  | {
      readonly kind: 'deleted';
      readonly keyText: string;
      readonly key: RowKey;
      /** undefined: Kafka has only the tombstone left, and nothing of the key was seen here. */
      readonly fence: Fence | undefined;
    }
  /** The table was emptied: every result with an older position is gone, whatever its partition. */
  | { readonly kind: 'truncated'; readonly fence: Fence };

export type UnreadableReason =
  /** Of a major version that this client does not know: install a newer one. */
  | 'newer_schema'
  /** Not one of our events. */
  | 'not_an_event'
  /** `decode` refused the result. */
  | 'result';

/** Says where the record is, and nothing of what it holds. */
export class UnreadableRecord extends Error {
  readonly reason: UnreadableReason;
  readonly partition: number;
  readonly offset: string;

  constructor(
    reason: UnreadableReason,
    { partition, offset }: Pick<EnrichedRecord, 'partition' | 'offset'>,
    cause?: unknown,
  ) {
    super(`${SENTENCES[reason]} (partition ${partition}, offset ${offset})`, { cause });
    this.name = 'UnreadableRecord';
    this.reason = reason;
    this.partition = partition;
    this.offset = String(offset);
  }
}

const SENTENCES: Readonly<Record<UnreadableReason, string>> = {
  newer_schema: 'the event is of a newer version than this client: install a newer afterglow',
  not_an_event: 'the record is no outcome of an enrichment',
  result: 'the result is not what `decode` expects',
};
