// How many rows of a chunk there is money for. Pure.
import type { Enrichment } from '../../../shared/config/definition.ts';
import type { Purse } from '../../../shared/spend/lease.ts';

/** What an enrichment that the chunk is for may spend of its purse. */
export interface Wallet {
  readonly name: string;
  readonly enrichment: Enrichment;
  readonly purse: Purse;
  /** Without what rows that were published before may still take. */
  readonly restNanoUsd: number;
  /** Of a whole day. */
  readonly dayNanoUsd: number;
}

/** A row that no day's money is enough for goes where so much is there: it would stand in front of all others for ever. */
const TOO_DEAR_SHARE = 0.5;

/** The most that one row costs each of the wallets, in their order. */
export type RowPrice = readonly number[];

/** Of one chunk: rows are added to it as long as every purse reaches for all of them. */
export class ChunkMoney {
  readonly #wallets: readonly Wallet[];
  readonly #nanoUsd: number[];
  #refused: RowPrice | undefined;

  constructor(wallets: readonly Wallet[]) {
    this.#wallets = wallets;
    this.#nanoUsd = wallets.map(() => 0);
  }

  get wallets(): readonly Wallet[] {
    return this.#wallets;
  }

  /** What the chunk costs each of them at most. */
  get nanoUsd(): readonly number[] {
    return this.#nanoUsd;
  }

  /** Of the row that there was no money for; the chunk ends before it. */
  get refused(): RowPrice | undefined {
    return this.#refused;
  }

  /** Whether there is money for one more row, which is in the chunk then. */
  takes(price: RowPrice): boolean {
    if (this.shortOf(price) !== undefined) {
      this.#refused = price;
      return false;
    }
    for (const [place, nanoUsd] of price.entries())
      this.#nanoUsd[place] = (this.#nanoUsd[place] ?? 0) + nanoUsd;
    return true;
  }

  /** Who has too little for one more row; undefined: nobody. */
  shortOf(price: RowPrice): Wallet | undefined {
    return this.#wallets.find(({ purse, restNanoUsd, dayNanoUsd }, place) => {
      if ((price[place] ?? 0) === 0) return false;
      // No row is too dear for a day that has nothing.
      if (dayNanoUsd <= 0) return true;
      const nanoUsd = this.#takenOf(purse, price);
      const row = nanoUsd > dayNanoUsd ? dayNanoUsd * TOO_DEAR_SHARE : nanoUsd;
      return this.#takenOf(purse, this.#nanoUsd) + row > restNanoUsd;
    });
  }

  /** Several may be paid from one purse. */
  #takenOf(purse: Purse, nanoUsd: readonly number[]): number {
    return this.#wallets.reduce(
      (sum, each, place) => sum + (each.purse === purse ? (nanoUsd[place] ?? 0) : 0),
      0,
    );
  }
}

/** How far a group was when somebody asked. */
export interface GroupSight {
  readonly askedAtMs: number;
  /** Records finished since the beginning of the topic. */
  readonly finished: number;
  readonly ahead: number;
}

interface PublishedChunk {
  readonly nanoUsd: number;
  readonly atMs: number;
  /** Once the group has finished so many records, the chunk is paid; undefined: nobody has looked since it went out. */
  readonly paidAt: number | undefined;
}

/** What one enrichment may still take for chunks that went out to it. */
export class Promised {
  #chunks: readonly PublishedChunk[] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  published(nanoUsd: number, atMs: number): void {
    this.#chunks = [...this.#chunks, { nanoUsd, atMs, paidAt: undefined }];
  }

  /** Forgets what is paid. `sight` undefined: nobody knows how far the group is. */
  nanoUsd(sight: GroupSight | undefined): number {
    if (sight !== undefined) {
      const { askedAtMs, finished, ahead } = sight;
      this.#chunks = this.#chunks
        .map((chunk) =>
          chunk.atMs < askedAtMs ? { ...chunk, paidAt: chunk.paidAt ?? finished + ahead } : chunk,
        )
        .filter(({ paidAt }) => paidAt === undefined || paidAt > finished);
    }
    return this.#chunks.reduce((sum, chunk) => sum + chunk.nanoUsd, 0);
  }
}
