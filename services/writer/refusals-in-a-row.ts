import { Fault } from '../../shared/errors/policy.ts';
import type { Outcome } from '../../shared/side-tables/parameters.ts';

/** A model that goes wrong makes some such rows; so many without one result between them are a rule of the tables themselves. */
const IN_A_ROW_MAX = 100;

/** Tells a row that is refused from tables that refuse every row. Kept from session to session, or each would fail some more rows. */
export class RefusalsInARow {
  readonly #byTopic = new Map<string, number>();

  /** @throws Fault set_up when it is one too many: then the row is to be left as it is */
  add(topic: string, { code }: Fault): void {
    // Nobody was asked.
    if (code === 'shape') return;
    const count = this.#byTopic.get(topic) ?? 0;
    if (count >= IN_A_ROW_MAX) {
      throw new Fault(
        'set_up',
        'every_row_refused',
        `the side tables have refused ${count} outcomes of ${topic}, one behind the other (${code}): see their constraints and triggers`,
      );
    }
    this.#byTopic.set(topic, count + 1);
  }

  /** Nothing but a result shows that the table of results takes any: other outcomes are written beside it. */
  written(topic: string, outcomes: readonly Pick<Outcome, 'status'>[]): void {
    if (outcomes.some(({ status }) => status === 'scored')) this.#byTopic.delete(topic);
  }
}
