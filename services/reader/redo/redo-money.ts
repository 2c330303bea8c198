import { ZodError } from 'zod';
import type { Budget, Definition } from '../../../shared/config/definition.ts';
import type { TypeCatalog } from '../../../shared/contracts/row-codec.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { readBudget } from '../../../shared/side-tables/budget.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import { readPurseDay } from '../../../shared/side-tables/ledger.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { limitName, limitsOf, purseOf } from '../../../shared/spend/budget.ts';
import { type Purse, type PurseUse, restNanoUsd } from '../../../shared/spend/lease.ts';
import { ChunkMoney, type GroupSight, Promised, type RowPrice, type Wallet } from './chunk-money.ts';
import type { DescribedTable } from './described-table.ts';
import { type PriceOf, RowPrices } from './row-prices.ts';
import type { Texts } from './texts.ts';
import type { Wait } from './waiting-jobs.ts';

const settling = (enrichment: string): Wait => ({
  what: `enrichment ${enrichment}, which has to say what the rows before cost`,
  isOrdinary: true,
});
const spent = (setting: string): Wait => ({
  what: `the money of the day (budget.${setting}): it goes on at midnight UTC, or with a larger limit`,
});

/** A newer version may have registered it. */
const UNREADABLE_BUDGET: Wait = {
  what: 'a budget that this reader can read: register one with `afterglow init`, or start the reader in the newer version',
};

type SightOf = (enrichment: string) => Promise<GroupSight | undefined>;

const namesOf = ({ wallets }: ChunkMoney): string => wallets.map(({ name }) => name).join(' ');
const used = ({ spentNanoUsd, leasedNanoUsd }: PurseUse): number => spentNanoUsd + leasedNanoUsd;

/**
 * Rows that are read again go out only while there is money for the most that they can cost, beside those that went out
 * before: a redo without any waits here, in front of Kafka, where it is in nobody's way. Changes of the application never
 * wait for it.
 */
export class RedoMoney {
  readonly #definition: Definition;
  readonly #prices: RowPrices;
  /** By enrichment, which may come to be paid from another purse. */
  readonly #promised = new Map<string, { readonly purse: Purse; readonly chunks: Promised }>();
  /** By job: the row that it waits with, and who is to pay for it. */
  readonly #waiting = new Map<string, { readonly price: RowPrice; readonly names: string }>();

  constructor(definition: Definition) {
    this.#definition = definition;
    this.#prices = new RowPrices(definition.prices);
  }

  /** For the next chunk; undefined: nothing limits it. `sightOf`: how far an enrichment is. */
  async forChunk(client: Queryable, job: RedoJob, sightOf: SightOf): Promise<ChunkMoney | Wait | undefined> {
    // A redecide finds what it needs beside the rows, and what is swept has none.
    if (job.reason === 'redecide' || job.sweep) return undefined;
    const budget = await this.#budget(client);
    if (budget === undefined || 'what' in budget) return budget;
    const { enrichments } = await readDefinitionInForce(client, this.#definition);
    // Before the ledger: what is paid in between then counts twice, and never not at all.
    const promised = await this.#promisedNanoUsd(sightOf);
    const wallets: Wallet[] = [];
    for (const name of job.enrichments) {
      const enrichment = enrichments[name];
      const purse = purseOf(budget, { enrichment: name, isRedo: true });
      const limits = limitsOf(budget, purse);
      // By the hour, or without a limit.
      if (enrichment === undefined || 'endpoint' in enrichment.model || limits === undefined) continue;
      const { uses } = await readPurseDay(client, purse);
      const rest = restNanoUsd(limits, uses, name, used) - (promised.get(purse) ?? 0);
      const dayNanoUsd = restNanoUsd(limits, [], name);
      wallets.push({ name, enrichment, purse, restNanoUsd: rest, dayNanoUsd });
    }
    if (wallets.length === 0) return undefined;
    const money = new ChunkMoney(wallets);
    const first = this.#waiting.get(job.job);
    const wait = first?.names === namesOf(money) ? this.#waitFor(money, first.price) : undefined;
    if (wait === undefined) this.#waiting.delete(job.job);
    return wait ?? money;
  }

  /** Tells of rows of the table whether they may go out, too. */
  async admitting(
    client: Queryable,
    money: ChunkMoney | undefined,
    table: DescribedTable,
    types: TypeCatalog,
  ): Promise<(row: Texts) => boolean> {
    if (money === undefined) return () => true;
    const prices: PriceOf[] = [];
    for (const { enrichment } of money.wallets) {
      prices.push(await this.#prices.of(client, enrichment, table, types));
    }
    const nowMs = Date.now();
    return (row) => money.takes(prices.map((priceOf) => priceOf(row, nowMs)));
  }

  /** The chunk is in Kafka. */
  published(money: ChunkMoney | undefined, atMs: number): void {
    if (money === undefined) return;
    for (const [place, { name, purse }] of money.wallets.entries()) {
      const chunks = this.#promised.get(name)?.chunks ?? new Promised();
      this.#promised.set(name, { purse, chunks });
      chunks.published(money.nanoUsd[place] ?? 0, atMs);
    }
  }

  /** There was not even money for the first row. */
  refused({ job }: RedoJob, money: ChunkMoney | undefined): Wait | undefined {
    const refused = money?.refused;
    if (money === undefined || refused === undefined) return undefined;
    this.#waiting.set(job, { price: refused, names: namesOf(money) });
    return this.#waitFor(money, refused);
  }

  /** Jobs that are over wait for nothing. */
  onlyOf(open: readonly RedoJob[]): void {
    const jobs = new Set(open.map(({ job }) => job));
    for (const job of this.#waiting.keys()) if (!jobs.has(job)) this.#waiting.delete(job);
  }

  /** What cannot be read must not end the session, and capture with it. */
  async #budget(client: Queryable): Promise<Budget | Wait | undefined> {
    try {
      return await readBudget(client, this.#definition);
    } catch (error) {
      if (error instanceof ZodError) return UNREADABLE_BUDGET;
      throw error;
    }
  }

  #waitFor(money: ChunkMoney, price: RowPrice): Wait | undefined {
    const short = money.shortOf(price);
    if (short === undefined) return undefined;
    const busy = [...this.#promised].find(([, each]) => each.purse === short.purse && !each.chunks.isEmpty);
    return busy === undefined ? spent(limitName(short.purse)) : settling(busy[0]);
  }

  async #promisedNanoUsd(sightOf: SightOf): Promise<ReadonlyMap<Purse, number>> {
    const sums = new Map<Purse, number>();
    for (const [name, { purse, chunks }] of this.#promised) {
      if (chunks.isEmpty) continue;
      sums.set(purse, (sums.get(purse) ?? 0) + chunks.nanoUsd(await sightOf(name)));
    }
    return sums;
  }
}
