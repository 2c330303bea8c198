import type { Definition } from '../../../shared/config/definition.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { readPurseDay } from '../../../shared/side-tables/ledger.ts';
import { type LedgerEntry, readLedger } from '../../../shared/side-tables/ledger-entries.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { limitName, limitsOf, purseOf } from '../../../shared/spend/budget.ts';
import { type Purse, type PurseLimits, type PurseUse, restNanoUsd } from '../../../shared/spend/lease.ts';
import type { Wait } from './waiting-jobs.ts';

/** Until an enrichment has paid for anything: a short text at Comprehend, the dearest that most begin with. */
const UNKNOWN_ROW_NANO_USD = 300_000;
const DAYS_LOOKED_AT = 7;
/** Texts differ in length, and a row may be several requests. */
const MARGIN = 2;
const READ_INTERVAL_MS = 1_000;

const settling = (enrichment: string): Wait => ({
  what: `enrichment ${enrichment}, which has to say what the rows before cost`,
  isOrdinary: true,
});
const spent = (setting: string): Wait => ({
  what: `the money of the day (budget.${setting}): it goes on at midnight UTC, or with a larger limit and a new start of the services`,
});

interface Money {
  readonly restNanoUsd: number;
  readonly rowNanoUsd: number;
}

/**
 * Rows that are read again go out only while there is money for them: a redo without any waits here, in front of Kafka, where
 * it is in nobody's way. Changes of the application never wait for it.
 */
export class RedoMoney {
  readonly #definition: Definition;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Money & { readonly atMs: number }>();

  constructor(definition: Definition, nowMs: () => number) {
    this.#definition = definition;
    this.#nowMs = nowMs;
  }

  /** Of so many rows those that there is money for. `isIdle`: nobody has anything of an earlier chunk before him. */
  async allowance(client: Queryable, job: RedoJob, rows: number, isIdle: boolean): Promise<number | Wait> {
    const { budget, enrichments } = this.#definition;
    // A redecide finds what it needs beside the rows.
    if (budget === undefined || job.reason === 'redecide') return rows;
    let allowed = rows;
    for (const name of job.enrichments) {
      const model = enrichments[name]?.model;
      // Paid by the hour.
      if (model === undefined || 'endpoint' in model) continue;
      const purse = purseOf(budget, { enrichment: name, isRedo: true });
      const limits = limitsOf(budget, purse);
      if (limits === undefined) continue;
      const money = await this.#read(client, name, purse, limits);
      const affordable = affordableRows(money);
      if (affordable === 0) return spent(limitName(purse));
      if (affordable >= rows) continue;
      // What was published is not spent yet: near the limit one chunk is paid before the next, and is looked at anew then.
      this.#known.clear();
      if (!isIdle) return settling(name);
      allowed = Math.min(allowed, affordable);
    }
    return allowed;
  }

  async #read(client: Queryable, name: string, purse: Purse, limits: PurseLimits): Promise<Money> {
    const before = this.#known.get(name);
    if (before !== undefined && this.#nowMs() - before.atMs < READ_INTERVAL_MS) return before;
    const { uses } = await readPurseDay(client, purse);
    const { entries } = await readLedger(client, DAYS_LOOKED_AT);
    const used = ({ spentNanoUsd, leasedNanoUsd }: PurseUse): number => spentNanoUsd + leasedNanoUsd;
    const rest = restNanoUsd(limits, uses, name, used);
    const money = { restNanoUsd: rest, rowNanoUsd: rowNanoUsd(entries, name), atMs: this.#nowMs() };
    this.#known.set(name, money);
    return money;
  }
}

/** Half of what the money reaches for, but one row while there is money for one. */
export function affordableRows({ restNanoUsd: rest, rowNanoUsd: row }: Money): number {
  if (rest < row) return 0;
  return Math.max(1, Math.floor(rest / (MARGIN * row)));
}

/** What was reserved for a request of this enrichment lately, on average. */
export function rowNanoUsd(
  entries: readonly Pick<LedgerEntry, 'enrichment' | 'reservedNanoUsd' | 'requests'>[],
  name: string,
): number {
  const own = entries.filter(({ enrichment }) => enrichment === name);
  const requests = own.reduce((sum, each) => sum + each.requests, 0);
  const reserved = own.reduce((sum, each) => sum + each.reservedNanoUsd, 0);
  return requests === 0 || reserved === 0 ? UNKNOWN_ROW_NANO_USD : Math.ceil(reserved / requests);
}
