import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Row } from '../../shared/contracts/events.ts';
import { comparePositions, type Position } from '../../shared/contracts/position.ts';
import type { TopicEvent } from './topic.ts';

interface Newest {
  readonly partition: number;
  readonly position: Position;
  readonly row: Row | null;
}

/** The table that a consumer has who keeps the newest event of each key: what is not newer than its last is dropped. */
export class Replay {
  readonly #newest = new Map<string, Newest>();
  readonly #truncated = new Map<number, Position>();

  accept({ key, partition, event }: TopicEvent): void {
    if (event === null) return;
    const position = event.source;
    if (event.op === 't') {
      this.#truncate(partition, position);
      return;
    }
    const known = this.#newest.get(key);
    if (known !== undefined && comparePositions(position, known.position) <= 0) return;
    const fence = this.#truncated.get(partition);
    if (fence !== undefined && comparePositions(position, fence) < 0) return;
    const row = event.after === null ? null : completed(event.after, event.source.unchanged, known?.row);
    const { epoch, commit_lsn, event_index } = position;
    this.#newest.set(key, { partition, position: { epoch, commit_lsn, event_index }, row });
  }

  get rows(): ReadonlyMap<string, Row> {
    const rows = new Map<string, Row>();
    for (const [key, { row }] of this.#newest) if (row !== null) rows.set(key, row);
    return rows;
  }

  #truncate(partition: number, position: Position): void {
    const known = this.#truncated.get(partition);
    if (known === undefined || comparePositions(position, known) > 0) {
      this.#truncated.set(partition, position);
    }
    for (const [key, newest] of this.#newest) {
      const isOlder = comparePositions(newest.position, position) < 0;
      if (newest.partition === partition && isOlder) this.#newest.delete(key);
    }
  }
}

export function replay(events: readonly TopicEvent[]): ReadonlyMap<string, Row> {
  const table = new Replay();
  for (const event of events) table.accept(event);
  return table.rows;
}

/** A value that an update did not touch is the one that was there before. */
function completed(
  after: Row,
  unchanged: readonly string[] | undefined,
  before: Row | null | undefined,
): Row {
  if (unchanged === undefined) return after;
  const filled: Record<string, Row[string]> = { ...after };
  for (const column of unchanged) filled[column] = before?.[column] ?? null;
  return filled;
}

const DIGEST_BYTES = 6;

/** Events that were published again say exactly what they said before: only when they were built may differ. */
export class RepeatCheck {
  /** What was said at each position, as a number: whole texts of millions of events would fill the memory. */
  readonly #seen = new Map<string, number>();
  #repeated = 0;

  get repeated(): number {
    return this.#repeated;
  }

  accept({ key, partition, event }: TopicEvent): void {
    if (event === null) return;
    const { ts_ms: _ms, ts_us: _us, source, ...rest } = event;
    // Where the stream began decides what was the commit before; it says nothing about the row.
    const { sequence: _sequence, ...place } = source;
    const text = JSON.stringify({ key, partition, ...rest, source: place });
    const digest = createHash('sha1').update(text).digest().readUIntBE(0, DIGEST_BYTES);
    const name = `${source.commit_lsn}/${source.event_index}/${event.op === 't' ? partition : ''}`;
    const before = this.#seen.get(name);
    if (before === undefined) this.#seen.set(name, digest);
    else {
      this.#repeated++;
      if (digest !== before) expect.fail(`the event at ${name} says something else the second time: ${text}`);
    }
  }
}
