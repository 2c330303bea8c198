// What every consumer of an enriched topic may rely on, whatever happened to the processes that wrote it.
import { expect } from 'vitest';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';

/** Each change once, in order per key: its first publication. Fails where a repeat says something else than the first. */
export function firstsOf(outcomes: readonly EnrichedEvent[]): readonly EnrichedEvent[] {
  const newest = new Map<string, string>();
  const firsts = new Map<string, EnrichedEvent>();
  for (const event of outcomes) {
    const { key, source } = event;
    const id = String(key.id);
    const place = `${id} ${source.commit_lsn}`;
    const first = firsts.get(place);
    if (first !== undefined) {
      expect(saying(event), `a repeat of ${place}`).toEqual(saying(first));
      continue;
    }
    firsts.set(place, event);
    expect((newest.get(id) ?? '') < source.commit_lsn, `${place} is newer than all before it`).toBe(true);
    newest.set(id, source.commit_lsn);
  }
  return [...firsts.values()];
}

const saying = (event: EnrichedEvent) =>
  event.status === 'scored'
    ? { status: event.status, hash: event.input_hash, result: event.result }
    : { status: event.status, hash: event.input_hash };
