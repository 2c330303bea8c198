import { Command } from 'commander';
import type { EstimateOptions } from '../cost/show-estimate.ts';
import { onRun, type Run } from '../invocation.ts';

export function costCommand(run: Run): Command {
  const command = new Command('cost')
    .summary('what calls cost today, this month, and by its end; what was saved')
    .description('what calls cost today, this month, and by its end; what was saved; what a redo would cost')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Days are UTC, by the database's clock. What processes that died had reserved counts as spent and is shown as
presumed. The forecast goes on as the last seven days did; endpoints paid by the hour and the least that an
Aurora cluster with a replication slot costs stand beside it. Prices stand in the definition: see docs/cost.md.

Examples:
  npx afterglow cost
  npx afterglow cost --json | jq .today
  npx afterglow cost estimate reviews --where "created_at >= '2026-01-01'"
`,
    );
  onRun(command, run, async (invocation) => (await import('../cost/show-cost.ts')).showCost(invocation));
  const estimate = new Command('estimate')
    .summary('what it would cost to read rows again')
    .description('what it would cost to give the rows of a source, or of an enrichment, a new outcome')
    .argument('<name>', 'a source or an enrichment of the definition')
    .option('--where <sql>', 'only rows for which this SQL condition holds')
    .addHelpText(
      'after',
      `
About 2,000 rows are drawn at random and priced as the enricher would ask for them; nothing is called. Rows whose
result stands beside them by the same input, and requests whose answer is kept, cost nothing.

Examples:
  npx afterglow cost estimate sentiment
  npx afterglow cost estimate reviews --where "rating < 3" --json
`,
    );
  command.addCommand(
    onRun<EstimateOptions>(estimate, run, async (invocation, options, operands) => {
      const { showEstimate } = await import('../cost/show-estimate.ts');
      return await showEstimate(invocation, options, operands);
    }),
  );
  return command;
}
