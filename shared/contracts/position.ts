// Where a change stands in the history of its database, and which of two results of one key is newer.

/** Zero-padded '00000016/B374D848': valid pg_lsn input, and text order is log order. */
export type Lsn = string;

/** Unique per row event, the same on every replay; compared in this order. */
export interface Position {
  readonly epoch: number;
  /** Start of the transaction's commit record. */
  readonly commit_lsn: Lsn;
  /** Counts the row events emitted for the transaction. */
  readonly event_index: number;
}

/** A result replaces another of its key when its fence is greater: position, revision, scored over not scored. */
export interface Fence extends Position {
  readonly revision: number;
  readonly scored: boolean;
}

const LSN_TEXT = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;
const LOW_HALF_BITS = 32n;
const LOW_HALF_MASK = 0xffffffffn;

export function formatLsn(lsn: bigint): Lsn {
  const high = (lsn >> LOW_HALF_BITS).toString(16).toUpperCase().padStart(8, '0');
  const low = (lsn & LOW_HALF_MASK).toString(16).toUpperCase().padStart(8, '0');
  return `${high}/${low}`;
}

/** Reads PostgreSQL's short form and ours. */
export function parseLsn(text: string): bigint {
  const match = LSN_TEXT.exec(text);
  if (match === null) throw new RangeError(`not a log position: ${JSON.stringify(text.slice(0, 40))}`);
  return (BigInt(`0x${match[1]}`) << LOW_HALF_BITS) | BigInt(`0x${match[2]}`);
}

function compareValues<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Negative when `a` is older. LSN texts are padded, so text order is log order. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || compareValues(a.commit_lsn, b.commit_lsn) || a.event_index - b.event_index;
}

/** Negative when `a` is older: the same order as in the writer's SQL. */
export function compareFences(a: Fence, b: Fence): number {
  return comparePositions(a, b) || a.revision - b.revision || Number(a.scored) - Number(b.scored);
}
