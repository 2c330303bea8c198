import { Command } from 'commander';
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
`,
    );
  onRun(command, run, async (invocation) => (await import('../cost/show-cost.ts')).showCost(invocation));
  return command;
}
