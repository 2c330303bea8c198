/** Of a row between its arrival and its release. */
export interface Place<Row extends object> {
  readonly partition: number;
  /** undefined: a barrier. */
  readonly key: string | undefined;
  /** Rows that have to be released before. */
  waitsFor: number;
  /** undefined: its outcome is not known yet. */
  row: Row | undefined;
  readonly followers: Place<Row>[];
}

interface Partition<Row extends object> {
  /** The last row of each key since the barrier. */
  readonly tails: Map<string, Place<Row>>;
  barrier: Place<Row> | undefined;
}

/**
 * Rows come in the order of their topic and settle in any. Each is released once it has settled and the earlier rows of
 * its key are released; a barrier stands between all that came before it in its partition and all that comes after.
 */
export class KeyOrder<Row extends object> {
  readonly #partitions = new Map<number, Partition<Row>>();

  /** Without a key it is a barrier. */
  add(partition: number, key: string | undefined): Place<Row> {
    const place: Place<Row> = { partition, key, waitsFor: 0, row: undefined, followers: [] };
    const order = this.#partition(partition);
    const { tails, barrier } = order;
    if (key === undefined) {
      for (const tail of tails.values()) follow(place, tail);
      if (tails.size === 0) follow(place, barrier);
      tails.clear();
      order.barrier = place;
    } else {
      follow(place, tails.get(key) ?? barrier);
      tails.set(key, place);
    }
    return place;
  }

  /** The row's outcome is known. Returns what is released by that, in an order that is right for every key. */
  settle(place: Place<Row>, row: Row): readonly Row[] {
    place.row = row;
    if (place.waitsFor > 0) return [];
    const released: Row[] = [];
    // Grows while it is walked.
    const places = [place];
    for (const each of places) {
      if (each.row !== undefined) released.push(each.row);
      this.#forget(each);
      for (const follower of each.followers) {
        follower.waitsFor--;
        if (follower.waitsFor === 0 && follower.row !== undefined) places.push(follower);
      }
    }
    return released;
  }

  #forget(place: Place<Row>): void {
    const order = this.#partition(place.partition);
    if (place.key !== undefined && order.tails.get(place.key) === place) order.tails.delete(place.key);
    if (order.barrier === place) order.barrier = undefined;
  }

  #partition(partition: number): Partition<Row> {
    let found = this.#partitions.get(partition);
    if (found === undefined) {
      found = { tails: new Map(), barrier: undefined };
      this.#partitions.set(partition, found);
    }
    return found;
  }
}

function follow<Row extends object>(place: Place<Row>, before: Place<Row> | undefined): void {
  if (before === undefined) return;
  before.followers.push(place);
  place.waitsFor++;
}
