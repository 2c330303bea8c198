import type { Budget, Definition } from '../../../shared/config/definition.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { budgetContent, readBudget } from '../../../shared/side-tables/budget.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';

type WithBudget = Pick<Definition, 'budget'>;

const LOOK_INTERVAL_MS = 2_000;

/** The budget that `init` registered last: all processes go by the same one, and none needs a new start for another limit. */
export class BudgetInForce {
  readonly #database: Queryable;
  readonly #definition: WithBudget;
  readonly #logger: Logger;
  #now: WithBudget;

  private constructor(database: Queryable, definition: WithBudget, logger: Logger, now: WithBudget) {
    this.#database = database;
    this.#definition = definition;
    this.#logger = logger;
    this.#now = now;
  }

  static async read(database: Queryable, definition: WithBudget, logger: Logger): Promise<BudgetInForce> {
    const now = withBudget(await readBudget(database, definition));
    if (budgetContent(now) !== budgetContent(definition)) {
      logger.warn(
        'the budget is the one that was registered, not that of the definition: run `afterglow init`',
      );
    }
    return new BudgetInForce(database, definition, logger, now);
  }

  get now(): Budget | undefined {
    return this.#now.budget;
  }

  /** Until `ended` aborts. Never rejects: while the database is away, nobody takes money either. */
  async keep(ended: AbortSignal): Promise<void> {
    while (await pause(LOOK_INTERVAL_MS, ended)) {
      try {
        const next = withBudget(await readBudget(this.#database, this.#definition));
        if (budgetContent(next) === budgetContent(this.#now)) continue;
        this.#now = next;
        this.#logger.info(next, 'another budget was registered');
      } catch (err) {
        if (!ended.aborted) this.#logger.debug({ err }, 'the budget could not be read');
      }
    }
  }
}

const withBudget = (budget: Budget | undefined): WithBudget => (budget === undefined ? {} : { budget });
