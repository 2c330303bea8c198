// Changes that the reader could not decode. No row's state tells of them, so the archive itself is their list.
import { type DeadLetter, deadLetter, type RowKey } from '../../../shared/contracts/events.ts';
import { deadCaptureTopic } from '../../../shared/contracts/topics.ts';
import { readUntil } from '../../../shared/kafka/read-until.ts';
import type { FailureFilter } from '../../../shared/side-tables/failures.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import type { Invocation } from '../invocation.ts';
import { chooseParts } from '../settings.ts';

/** What stands where others have their enrichment: the topic is `<pipeline>.dead.capture`, and no enrichment may be called so. */
export const CAPTURE = 'capture';

/** One of them, without the change itself. */
export interface CaptureLetter {
  readonly id: string;
  /** 'schema.table'; null: not even that could be read. */
  readonly table: string | null;
  readonly key: RowKey | null;
  /** Of an update that gave the row another key: that row is to be redone, too. */
  readonly oldKey: RowKey | null;
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly commitLsn: string;
  /** RFC 3339, in microseconds. */
  readonly failedAt: string;
}

/** Of more only the newest are listed: the archive may hold whatever somebody's table made it hold. */
export const LETTERS_HELD_MAX = 10_000;

/** Those that the filter lets through, the newest first; a change that was met again after a restart is one. */
export async function readCaptureLetters(
  invocation: Invocation,
  pipeline: string,
  filter: FailureFilter,
): Promise<readonly CaptureLetter[]> {
  const held = new Map<string, CaptureLetter>();
  for await (const letter of archivedLetters(invocation, deadCaptureTopic(pipeline), sinceMs(filter))) {
    const head = headOf(letter);
    if (!isMeant(head, filter)) continue;
    held.delete(head.id);
    held.set(head.id, head);
    const [oldest] = held.keys();
    if (held.size > LETTERS_HELD_MAX && oldest !== undefined) held.delete(oldest);
  }
  return [...held.values()].toSorted(newestFirst);
}

/** Every letter of an archive, as far as it can be read. */
export async function* archivedLetters(
  invocation: Invocation,
  topic: string,
  fromMs: number,
): AsyncGenerator<DeadLetter> {
  const { brokers } = chooseParts(invocation);
  const logger = createLogger('dead', invocation.logLevel ?? 'silent');
  for await (const { value } of readUntil({ brokers, clientId: `${topic}.list`, logger }, topic, {
    fromMs,
  })) {
    const letter = value === null ? undefined : parseLetter(value);
    if (letter !== undefined) yield letter;
  }
}

function parseLetter(value: Buffer): DeadLetter | undefined {
  try {
    const read = deadLetter.safeParse(JSON.parse(value.toString('utf8')));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

export const newestFirst = (
  one: { readonly failedAt: string; readonly id: string },
  other: { readonly failedAt: string; readonly id: string },
): number =>
  compareText(other.failedAt, one.failedAt) === 0
    ? compareText(other.id, one.id)
    : compareText(other.failedAt, one.failedAt);

const compareText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

const sinceMs = ({ withinMs }: FailureFilter): number =>
  withinMs === undefined ? 0 : Math.max(0, Date.now() - withinMs);

function isMeant({ id, kind, code }: CaptureLetter, filter: FailureFilter): boolean {
  if (filter.kind !== undefined && filter.kind !== kind) return false;
  if (filter.code !== undefined && filter.code !== code) return false;
  return filter.ids === undefined || filter.ids.some((beginning) => id.startsWith(beginning));
}

function headOf({ id, key, error, failed_at, original }: DeadLetter): CaptureLetter {
  const { kind, code, message } = error;
  const { table, commit_lsn, old_key } = original.headers;
  return {
    id,
    table: table === undefined || table === '' ? null : table,
    key,
    oldKey: keyOf(old_key),
    kind,
    code,
    message,
    commitLsn: commit_lsn ?? '',
    failedAt: failed_at,
  };
}

function keyOf(text: string | undefined): RowKey | null {
  if (text === undefined) return null;
  try {
    return deadLetter.shape.key.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
