import type { BatchLimits } from '../../../shared/models/model.ts';

interface Waiting<Item> {
  readonly item: Item;
  readonly bytes: number;
  readonly sinceMs: number;
}

interface Group<Item> {
  items: Waiting<Item>[];
  head: number;
  bytes: number;
}

/**
 * What waits for a call, by group. A batch closes on rows, bytes or age, whichever is first, and is taken at the last
 * moment, when a call may go out: so under load batches fill by themselves.
 */
export class WaitingItems<Item> {
  readonly #limits: BatchLimits;
  readonly #isHeld: (item: Item) => boolean;
  readonly #groups = new Map<string, Group<Item>>();

  /** `isHeld`: a group whose first item that is waits on, whatever its age. */
  constructor(limits: BatchLimits, isHeld: (item: Item) => boolean = () => false) {
    this.#limits = limits;
    this.#isHeld = isHeld;
  }

  add(item: Item, group: string, bytes: number, nowMs: number): void {
    let queue = this.#groups.get(group);
    if (queue === undefined) {
      queue = { items: [], head: 0, bytes: 0 };
      this.#groups.set(group, queue);
    }
    queue.items.push({ item, bytes, sinceMs: nowMs });
    queue.bytes += bytes;
  }

  /**
   * The batch whose first item waits longest, of those that are full or have waited `waitMs`; empty when there is none.
   * An item larger than the limit goes alone.
   */
  take(waitMs: number, nowMs: number, rowsMax = this.#limits.rowsMax): readonly Item[] {
    let oldestMs = Number.POSITIVE_INFINITY;
    let chosen: string | undefined;
    for (const [name, group] of this.#groups) {
      const sinceMs = this.#sinceMs(group) ?? Number.POSITIVE_INFINITY;
      if (sinceMs >= oldestMs || (!this.#isFull(group) && nowMs - sinceMs < waitMs)) continue;
      oldestMs = sinceMs;
      chosen = name;
    }
    return chosen === undefined ? [] : this.#takeFrom(chosen, Math.min(rowsMax, this.#limits.rowsMax));
  }

  /** When the first batch that is not full will have waited `waitMs`; undefined when nothing waits that may go. */
  dueAtMs(waitMs: number): number | undefined {
    let dueAtMs: number | undefined;
    for (const group of this.#groups.values()) {
      const sinceMs = this.#sinceMs(group);
      if (sinceMs !== undefined) dueAtMs = Math.min(dueAtMs ?? Number.POSITIVE_INFINITY, sinceMs + waitMs);
    }
    return dueAtMs;
  }

  /** Takes out what is not to be kept, and returns it. */
  sift(isKept: (item: Item) => boolean): readonly Item[] {
    const sifted: Item[] = [];
    for (const [name, { items, head }] of this.#groups) {
      const kept: Waiting<Item>[] = [];
      for (const each of items.slice(head)) {
        if (isKept(each.item)) kept.push(each);
        else sifted.push(each.item);
      }
      if (kept.length === 0) this.#groups.delete(name);
      else {
        const bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
        this.#groups.set(name, { items: kept, head: 0, bytes });
      }
    }
    return sifted;
  }

  /** Returns what was left. */
  clear(): readonly Item[] {
    const left = [...this.#groups.values()].flatMap(({ items, head }) => items.slice(head));
    this.#groups.clear();
    return left.map(({ item }) => item);
  }

  /** Since when its first item waits that may go. */
  #sinceMs({ items, head }: Group<Item>): number | undefined {
    const first = items[head];
    return first === undefined || this.#isHeld(first.item) ? undefined : first.sinceMs;
  }

  #isFull(group: Group<Item>): boolean {
    return group.items.length - group.head >= this.#limits.rowsMax || group.bytes >= this.#limits.bytesMax;
  }

  #takeFrom(name: string, rowsMax: number): readonly Item[] {
    const group = this.#groups.get(name);
    if (group === undefined) return [];
    const taken: Item[] = [];
    let bytes = 0;
    for (; group.head < group.items.length && taken.length < rowsMax; group.head++) {
      const next = group.items[group.head] as Waiting<Item>;
      if (taken.length > 0 && bytes + next.bytes > this.#limits.bytesMax) break;
      taken.push(next.item);
      bytes += next.bytes;
    }
    group.bytes -= bytes;
    if (group.head === group.items.length) this.#groups.delete(name);
    // Copying what is left only when at least half is gone keeps taking cheap and memory bounded.
    else if (group.head * 2 >= group.items.length) {
      group.items = group.items.slice(group.head);
      group.head = 0;
    }
    return taken;
  }
}
