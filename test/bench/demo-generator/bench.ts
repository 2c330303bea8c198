import { history } from '../../../services/cli/demo/history.ts';
import { Traffic } from '../../../services/cli/demo/traffic.ts';
import type { Benchmark, Medians, Sample, Variant } from '../bench.ts';

const SEED = 1;
const NOW = new Date('2026-11-20T09:15:00Z');
const CUSTOMERS = 200;
const PURCHASES = 1_200;
const OPERATIONS = 50_000;

const past = history({ seed: SEED, customers: CUSTOMERS, purchases: PURCHASES, now: NOW });
const customers = past.flatMap((operation) => (operation.kind === 'insert_customer' ? [operation.row] : []));

function timed(work: () => number): Sample {
  const beginMs = performance.now();
  const operations = work();
  return { operations_per_second: operations / ((performance.now() - beginMs) / 1_000) };
}

function trafficVariant(name: string, attackEveryRows: number): Variant {
  return {
    name,
    run: async () => {
      const traffic = new Traffic({
        seed: SEED,
        customers,
        nextCustomerNumber: CUSTOMERS + 1,
        attackEveryRows,
        now: () => NOW,
      });
      return timed(() => {
        let operations = 0;
        while (operations < OPERATIONS) operations += traffic.next().length;
        return operations;
      });
    },
  };
}

export const benchmark: Benchmark = {
  what: 'How many operations a second can the demo invent, before any database is involved?',
  how: `Each run invents ${OPERATIONS} operations of traffic, or the history of ${CUSTOMERS} customers, on one thread; nothing is written.`,
  conditions: { seed: SEED, operations: OPERATIONS, customers: CUSTOMERS, purchases: PURCHASES },
  rounds: 5,
  variants: [
    trafficVariant('ordinary', 2_250),
    trafficVariant('card-testing', 250),
    {
      name: 'history',
      run: async () =>
        timed(() => history({ seed: SEED, customers: CUSTOMERS, purchases: PURCHASES, now: NOW }).length),
    },
  ],
  observe: (medians: Medians) => {
    const perSecond = Math.round(medians.ordinary?.operations_per_second ?? 0);
    return `Inventing is never the limit: ordinary traffic comes at ${perSecond.toLocaleString('en-US')} operations a second, the default demo needs 50.`;
  },
};
