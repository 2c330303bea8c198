/**
 * Whether the client joins its group again with nothing of the membership before still on its way. After a rebalance, and as
 * another member, it has stopped fetching first. But when a partition gets another leader it joins again in the middle of a
 * fetch, under the same name, while answers of other brokers are still under way: taken for records of the new membership,
 * they would stand behind a hole, and offsets would be committed past it.
 */
export class Membership {
  #memberId: string | undefined;
  #hasStopped = true;

  stopped(): void {
    this.#hasStopped = true;
  }

  /** Returns false when what was fetched before may still come. */
  joined(memberId: string): boolean {
    const isClean = this.#hasStopped || memberId !== this.#memberId;
    this.#memberId = memberId;
    this.#hasStopped = false;
    return isClean;
  }
}
