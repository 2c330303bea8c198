import { Command } from 'commander';
import type { JobOptions } from '../backfill/start-backfill.ts';
import { onRun, type Run } from '../invocation.ts';

export function redecideCommand(run: Run): Command {
  const command = new Command('redecide')
    .summary('apply a changed flag or decide to the results that are there, without a call')
    .description('apply the flag and the decisions of the definition to the results that are there')
    .argument('<enrichment>', 'its name in the definition, such as fraud')
    .option('--where <sql>', 'only rows of the source for which this SQL condition holds')
    .option('--detach', 'return as soon as the job is made')
    .addHelpText(
      'after',
      `
After \`flag\` or \`decide\` has changed: run \`afterglow init\`, start the enricher again, then this. The stored outputs
are judged anew and published like any other outcome, so the decision is on the topic and in the view. The model is
called only for rows whose input is another one by now, or that have no outcome yet. Rows whose outcome is of another
model, input or filter are left out and counted: \`reenrich\` has them, priced first. Once both are gone from the
definition, it takes the flags and decisions away. It is a job like a backfill: \`backfill list\` shows it.
Exit status 0: done or detached; 1: the job failed or was cancelled; 4: nobody agreed.

Examples:
  npx afterglow redecide fraud
  npx afterglow redecide sentiment --where "created_at >= '2026-01-01'" --detach
`,
    );
  return onRun<JobOptions>(command, run, async (invocation, options, operands) => {
    const { startRedecide } = await import('../backfill/start-backfill.ts');
    return await startRedecide(invocation, options, operands);
  });
}
