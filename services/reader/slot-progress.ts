import { ContiguousPrefix } from '../../shared/progress/contiguous-prefix.ts';

/**
 * How far the slot may be acknowledged: to the end of the newest commit for which it and every earlier one are safe in
 * Kafka, or, with nothing on its way, to where a keepalive says the log has got. No I/O, no clock.
 */
export class SlotProgress {
  readonly #commits = new ContiguousPrefix();
  #insideTransaction = false;
  #safe: bigint;
  #withRows = 0n;

  /** `confirmed` is where the slot stands. */
  constructor(confirmed: bigint) {
    this.#safe = confirmed;
  }

  begin(): void {
    this.#insideTransaction = true;
  }

  /** The transaction is read whole; `endLsn` is the first byte behind its commit record. */
  commit(endLsn: bigint): void {
    this.#insideTransaction = false;
    this.#commits.start(endLsn);
  }

  /** Kafka has confirmed every event of that transaction, and what was counted of it. `hasRows`: there were any of ours. */
  published(endLsn: bigint, hasRows: boolean): void {
    if (hasRows) this.#withRows = endLsn;
    const safe = this.#commits.finish(endLsn);
    if (safe !== undefined && safe > this.#safe) this.#safe = safe;
  }

  /** The server has nothing for us below `lsn`; only true for us when nothing received is still on its way. */
  keepalive(lsn: bigint): void {
    if (!this.#insideTransaction && this.#commits.size === 0 && lsn > this.#safe) this.#safe = lsn;
  }

  get safe(): bigint {
    return this.#safe;
  }

  /** Whether rows of ours lie between `acknowledged` and what is safe; otherwise it is only the log that moved. */
  hasPublishedAfter(acknowledged: bigint): boolean {
    return this.#withRows > acknowledged;
  }
}
