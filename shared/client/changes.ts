import { type AnyEnrichedEvent, isEnrichedEvent, isRowKey } from '../contracts/enriched-guard.ts';
import type { RowKey } from '../contracts/events.ts';
import type { Fence } from '../contracts/position.ts';
import {
  type Change,
  type EnrichedRecord,
  type RowOutcome,
  type UnreadableReason,
  UnreadableRecord,
} from './change.ts';
import { NewestFences } from './newest-fences.ts';

export interface ChangesOptions<Result> {
  /** Checks and converts what stands under `result`, such as `decodeVectors`. Without it the result is given as it is. */
  readonly decode?: (result: Readonly<Record<string, unknown>>) => Result;
  /** Called instead of throwing; the record is then left out. */
  readonly onUnreadable?: (error: UnreadableRecord) => void;
  /** Keys whose newest fence is remembered; of others a repetition may come through. */
  readonly keysMax?: number;
}

/** 26 MB with keys of 22 characters. */
const KEYS_MAX = 100_000;

/** Turns the records of one enriched topic into changes, in the order of the topic. It does no I/O: any client will do. */
export class Changes<Result = Readonly<Record<string, unknown>>> {
  readonly #options: ChangesOptions<Result>;
  readonly #fences: NewestFences;

  constructor(options: ChangesOptions<Result> = {}) {
    this.#options = options;
    this.#fences = new NewestFences(options.keysMax ?? KEYS_MAX);
  }

  /** undefined: a repetition, or what is older than what was seen. @throws UnreadableRecord without `onUnreadable` */
  read(record: EnrichedRecord): Change<Result> | undefined {
    try {
      return this.#read(record);
    } catch (error) {
      const { onUnreadable } = this.#options;
      if (!(error instanceof UnreadableRecord) || onUnreadable === undefined) throw error;
      onUnreadable(error);
      return undefined;
    }
  }

  #read(record: EnrichedRecord): Change<Result> | undefined {
    const keyText = textOf(record.key);
    if (record.value === null) return this.#tombstone(keyText, record);
    const event = parse(record);
    const fence = fenceOf(event);
    if (event.status === 'truncated') {
      return this.#fences.truncate(fence) ? { kind: 'truncated', fence } : undefined;
    }
    const isDeleted = event.status === 'deleted';
    const isNewer = this.#fences.isNewer(keyText, fence);
    // Before it counts as seen: what cannot be read now may be readable after it was mended.
    const change = isNewer && !isDeleted ? this.#outcome(keyText, fence, event, record) : undefined;
    const newest = isNewer ? fence : (this.#fences.get(keyText)?.fence ?? fence);
    this.#fences.touch(keyText, { fence: newest, awaitsTombstone: isDeleted });
    return isNewer && isDeleted ? { kind: 'deleted', keyText, key: event.key, fence } : change;
  }

  #outcome(
    keyText: string,
    fence: Fence,
    event: Exclude<AnyEnrichedEvent, { status: 'deleted' } | { status: 'truncated' }>,
    record: EnrichedRecord,
  ): Change<Result> {
    const outcome: RowOutcome<Result> =
      event.status === 'scored' ? { ...event, result: this.#decode(event.result, record) } : event;
    return { kind: 'outcome', keyText, key: event.key, fence, event: outcome };
  }

  #decode(result: Readonly<Record<string, unknown>>, record: EnrichedRecord): Result {
    const { decode } = this.#options;
    // Without `decode` the caller has said by the type what it expects.
    if (decode === undefined) return result as Result;
    try {
      return decode(result);
    } catch (error) {
      throw new UnreadableRecord('result', record, error);
    }
  }

  /**
   * It follows the deletion that it belongs to. One that does not: its deletion was compacted away, so it is one itself, at
   * the place of what it deletes. A repetition of just that result then wins again, since scored is newer than not scored.
   */
  #tombstone(keyText: string, record: EnrichedRecord): Change<Result> | undefined {
    const seen = this.#fences.get(keyText);
    if (seen?.awaitsTombstone === true) {
      this.#fences.touch(keyText, { fence: seen.fence, awaitsTombstone: false });
      return undefined;
    }
    const key = keyOf(keyText, record);
    if (seen === undefined) return { kind: 'deleted', keyText, key, fence: undefined };
    const fence = { ...seen.fence, scored: false };
    this.#fences.touch(keyText, { fence, awaitsTombstone: false });
    return { kind: 'deleted', keyText, key, fence };
  }
}

const EVENT_TYPE = /^dev\.afterglow\.enriched\.v(\d+)$/;
const MAJOR_VERSION = 1;

function parse(record: EnrichedRecord): AnyEnrichedEvent {
  const type = textOf(record.headers?.ce_type);
  const version = EVENT_TYPE.exec(type)?.[1];
  if (type !== '' && version === undefined) throw unreadable('not_an_event', record);
  if (Number(version ?? MAJOR_VERSION) > MAJOR_VERSION) throw unreadable('newer_schema', record);
  const event = json(textOf(record.value));
  if (!isEnrichedEvent(event)) throw unreadable('not_an_event', record);
  return event;
}

function fenceOf({ source, revision, status }: AnyEnrichedEvent): Fence {
  const { epoch, commit_lsn, event_index } = source;
  return { epoch, commit_lsn, event_index, revision, scored: status === 'scored' };
}

function keyOf(keyText: string, record: EnrichedRecord): RowKey {
  const key = json(keyText);
  if (!isRowKey(key)) throw unreadable('not_an_event', record);
  return key;
}

const unreadable = (reason: UnreadableReason, record: EnrichedRecord): UnreadableRecord =>
  new UnreadableRecord(reason, record);

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder();

/** Clients give headers as bytes or as texts. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? decoder.decode(value) : '';
}
