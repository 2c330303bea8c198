import type { Budget } from '../../../shared/config/definition.ts';
import { asFault } from '../../../shared/errors/policy.ts';
import type { Model } from '../../../shared/models/model.ts';
import type { DatabasePool } from '../../../shared/postgres/connect.ts';
import type { Account } from '../../../shared/side-tables/ledger.ts';
import { hasPurse, limitName, limitsOf, purseOf } from '../../../shared/spend/budget.ts';
import type { Purse } from '../../../shared/spend/lease.ts';
import type { Ask, OpenAsk } from '../calls/asks.ts';
import type { Funding, Funds } from '../calls/funding.ts';
import { Dropped } from '../dropped.ts';
import { answeredNanoUsd, mayBeBilled } from './call-cost.ts';
import {
  type Asker,
  type Funded,
  PurseAccount,
  type PurseObserver,
  type Spent,
  type Waits,
} from './purse-account.ts';

export interface SpendingSettings {
  readonly database: DatabasePool;
  /** As it is now. */
  readonly budget: () => Budget | undefined;
  readonly enrichment: string;
  /** The source's table, with its schema. */
  readonly table: string;
  readonly observer: (purse: Purse) => PurseObserver;
  /** Whatever is configured: what waits any longer is lost. */
  readonly mustNotWait: () => boolean;
  /** Nobody waits for money any more. */
  readonly stopping: AbortSignal;
}

type PaidModel<ItemResult> = Pick<Model<ItemResult>, 'boundNanoUsd'>;

/** The money of one enrichment in one process: no paid call goes out that was not reserved before. */
export class Spending implements AsyncDisposable {
  readonly #settings: SpendingSettings;
  readonly #accounts = new Map<Purse, PurseAccount>();

  constructor(settings: SpendingSettings) {
    this.#settings = settings;
  }

  /** All of these are paid from one purse. */
  funding<ItemResult>(model: PaidModel<ItemResult>): Funding<ItemResult> {
    return async (open) => {
      const isRedo = open[0]?.ask.isRedo === true;
      const items = open.map(({ ask }) => ask.item);
      const { purse, funded } = await this.#fund(
        items.length,
        (count) => model.boundNanoUsd(items.slice(0, count)),
        { isRedo, isWanted: () => open.some(({ ask }) => ask.isWanted()) },
      );
      if (funded === undefined) {
        for (const { ask } of open) ask.failed(new Dropped());
        return { sent: [], heard: open, ...UNFUNDED };
      }
      if (funded.kind === 'funded') {
        return { sent: open.slice(0, funded.items), heard: [], ...spendingOf(funded) };
      }
      if (funded.kind === 'waits') {
        const least = model.boundNanoUsd(items.slice(0, 1));
        const holds = ({ item }: Pick<Ask<ItemResult>, 'item'>) => model.boundNanoUsd([item]) >= least;
        return { sent: [], heard: [], shortage: { later: funded.later, holds }, ...UNFUNDED };
      }
      return overBudget(open, model, { limit: limitName(purse), resetsAt: funded.resetsAt });
    };
  }

  /** Whose money is taken. */
  accountOf({ isRedo }: { readonly isRedo: boolean }): Account {
    const { budget, enrichment, table } = this.#settings;
    return { purse: purseOf(budget(), { enrichment, isRedo }), enrichment, table };
  }

  /** To be called when no call is under way any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#accounts.values()].map((account) => account[Symbol.asyncDispose]()));
  }

  /** From the purse of now; from another one where it is gone while the database is asked. */
  async #fund(
    items: number,
    boundNanoUsd: (items: number) => number,
    asker: Asker,
  ): Promise<{ readonly purse: Purse; readonly funded: Funded | Spent | Waits | undefined }> {
    for (;;) {
      const { purse } = this.accountOf(asker);
      const funded = await this.#account(purse).fund(items, boundNanoUsd, asker);
      if (funded?.kind !== 'gone') return { purse, funded };
    }
  }

  #account(purse: Purse): PurseAccount {
    const { database, budget, enrichment, table, observer, mustNotWait, stopping } = this.#settings;
    const known = this.#accounts.get(purse);
    if (known !== undefined) return known;
    const account = new PurseAccount({
      purse,
      database,
      enrichment,
      table,
      limits: () => limitsOf(budget(), purse),
      isGone: () => !hasPurse(budget(), purse),
      onReached: () => (mustNotWait() ? 'skip' : (budget()?.on_reached ?? 'pause')),
      observer: observer(purse),
      stopping,
    });
    this.#accounts.set(purse, account);
    return account;
  }
}

const UNFUNDED = {
  spend: (): never => {
    throw new RangeError('a call without money');
  },
  settle: <Result>(work: Promise<Result>): Promise<Result> => work,
};

/** Also those behind the first that cost as much: what is cheaper may still fit. */
function overBudget<ItemResult>(
  open: readonly OpenAsk<ItemResult>[],
  { boundNanoUsd }: PaidModel<ItemResult>,
  told: { readonly limit: string; readonly resetsAt: string },
): Funds<ItemResult> {
  const leasts = open.map(({ ask }) => boundNanoUsd([ask.item]));
  const heard = open.filter((_, place) => (leasts[place] ?? 0) >= (leasts[0] ?? 0));
  for (const { ask, attempts } of heard) {
    ask.answered({ outcome: { kind: 'over_budget', ...told }, attempts, modelMs: 0, batchRows: 0 });
  }
  return { sent: [], heard, ...UNFUNDED };
}

function spendingOf<ItemResult>(funded: Funded): Pick<Funds<ItemResult>, 'spend' | 'settle'> {
  // Until a call has said otherwise, nothing went out.
  let spentNanoUsd = 0;
  return {
    async spend(call) {
      spentNanoUsd = funded.boundNanoUsd;
      try {
        const outcomes = await call();
        spentNanoUsd = answeredNanoUsd(outcomes);
        return outcomes;
      } catch (error) {
        if (!mayBeBilled(asFault(error))) spentNanoUsd = 0;
        throw error;
      }
    },
    settle: (work) => work.finally(() => funded.spent(spentNanoUsd)),
  };
}
