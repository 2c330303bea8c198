import { Command } from 'commander';
import type { JobOptions } from '../backfill/start-backfill.ts';
import { onRun, type Run } from '../invocation.ts';

export function reenrichCommand(run: Run): Command {
  const command = new Command('reenrich')
    .summary('give rows with results of an earlier definition new ones')
    .description('read again the rows whose results are of an earlier definition, and give them new ones')
    .argument('<enrichment>', 'its name in the definition, such as fraud')
    .option('--where <sql>', 'only rows of the source for which this SQL condition holds')
    .option('--detach', 'return as soon as the job is made')
    .addHelpText(
      'after',
      `
After the model, its version, the input or \`when\` has changed: run \`afterglow init\`, start the enricher again, then
this. Only rows whose outcome was given by an earlier definition are read, and what is already paid for is not asked
again. Above 100,000 rows it asks first. It is a job like a backfill: \`backfill list\` shows it, and a second run does
what a cancelled one has left. Where only \`flag\` or \`decide\` has changed, \`redecide\` does it without any call.
Exit status 0: done, detached or nothing to do; 1: the job failed or was cancelled; 4: nobody agreed.

Examples:
  npx afterglow reenrich fraud
  npx afterglow reenrich sentiment --where "created_at >= '2026-01-01'" --detach
`,
    );
  return onRun<JobOptions>(command, run, async (invocation, options, operands) => {
    const { startReenrich } = await import('../backfill/start-backfill.ts');
    return await startReenrich(invocation, options, operands);
  });
}
