// What a statement could see. The log calls a transaction by 32 bits, the server by 64.

/** What pg_current_snapshot() says; numbers of transactions with their epoch. */
export interface Snapshot {
  /** Everything below has ended. */
  readonly xmin: bigint;
  /** Nothing from here on had ended. */
  readonly xmax: bigint;
  readonly running: ReadonlySet<bigint>;
  /** `xmin` as the log has it, without its epoch. */
  readonly xminInLog: number;
}

const EPOCH = 1n << 32n;
const HALF_EPOCH = EPOCH / 2n;
const TEXT = /^(\d+):(\d+):(\d+(?:,\d+)*)?$/;

export function parseSnapshot(text: string): Snapshot {
  const [, xmin, xmax, running] = TEXT.exec(text) ?? [];
  if (xmin === undefined || xmax === undefined) throw new RangeError('not a snapshot');
  const listed = running === undefined ? [] : running.split(',').map(BigInt);
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    running: new Set(listed),
    xminInLog: Number(BigInt(xmin) % EPOCH),
  };
}

/** `xid` as the log has it, without its epoch: of all numbers that end so the one nearest to the snapshot is meant. */
export function sees(snapshot: Snapshot, xid: number): boolean {
  const { xmin, xmax, running, xminInLog } = snapshot;
  // Nearly all of them; 32 bits are compared as the server compares them, in a circle.
  if (((xid - xminInLog) | 0) < 0) return true;
  let whole = xmax - (xmax % EPOCH) + BigInt(xid);
  if (whole - xmax > HALF_EPOCH) whole -= EPOCH;
  else if (xmax - whole > HALF_EPOCH) whole += EPOCH;
  return whole < xmin || (whole < xmax && !running.has(whole));
}
