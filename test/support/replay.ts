import { expect } from 'vitest';
import type { Row } from '../../shared/contracts/events.ts';
import { comparePositions, type Position } from '../../shared/contracts/position.ts';
import type { TopicEvent } from './topic.ts';

interface Newest {
  readonly position: Position;
  readonly row: Row | null;
}

/** The table that a consumer has who keeps the newest event of each key: what is not newer than its last is dropped. */
export function replay(events: readonly TopicEvent[]): ReadonlyMap<string, Row> {
  const newest = new Map<string, Newest>();
  const truncated = new Map<number, Position>();
  for (const { key, partition, event } of events) {
    if (event === null) continue;
    const position = event.source;
    if (event.op === 't') {
      const known = truncated.get(partition);
      if (known === undefined || comparePositions(position, known) > 0) truncated.set(partition, position);
      for (const [each, { position: at }] of newest) {
        if (partitionOfKey.get(each) === partition && comparePositions(at, position) < 0) newest.delete(each);
      }
      continue;
    }
    partitionOfKey.set(key, partition);
    const known = newest.get(key);
    if (known !== undefined && comparePositions(position, known.position) <= 0) continue;
    const fence = truncated.get(partition);
    if (fence !== undefined && comparePositions(position, fence) < 0) continue;
    const row = event.after === null ? null : completed(event.after, event.source.unchanged, known?.row);
    newest.set(key, { position, row });
  }
  const rows = new Map<string, Row>();
  for (const [key, { row }] of newest) if (row !== null) rows.set(key, row);
  return rows;
}

const partitionOfKey = new Map<string, number>();

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

/** Events that were published again say exactly what they said before: only when they were built may differ. */
export function expectRepeatsEqual(events: readonly TopicEvent[]): { readonly repeated: number } {
  const seen = new Map<string, string>();
  let repeated = 0;
  for (const { key, partition, event } of events) {
    if (event === null) continue;
    const { ts_ms: _ms, ts_us: _us, source, ...rest } = event;
    // Where the stream began decides what was the commit before; it says nothing about the row.
    const { sequence: _sequence, ...place } = source;
    const text = JSON.stringify({ key, partition, ...rest, source: place });
    const name = `${source.commit_lsn}/${source.event_index}/${event.op === 't' ? partition : ''}`;
    const before = seen.get(name);
    if (before !== undefined) {
      repeated++;
      expect(text).toBe(before);
    } else seen.set(name, text);
  }
  return { repeated };
}
