import { Command } from 'commander';
import type { BackfillOptions } from '../backfill/start-backfill.ts';
import { onlyOperand, onRun, type Run } from '../invocation.ts';

const CONTROLS = {
  pause: 'stop a job after the chunk that is under way',
  resume: 'let a paused job go on where it stopped',
  cancel: 'end a job for good; what is done stays',
} as const;

export function backfillCommand(run: Run): Command {
  const command = new Command('backfill')
    .summary('read the rows of a source again; list and control such jobs')
    .description('read the rows of a source again and give them new results; list and control such jobs')
    .argument('<source>', 'its name in the definition, such as transactions')
    .option('--where <sql>', 'only rows for which this SQL condition holds')
    .option('--enrichment <name>', 'only for this enrichment; may be repeated (default: all)', collected)
    .option('--detach', 'return as soon as the job is made')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
The reader reads the rows chunk by chunk beside the live stream, never more than two seconds of work ahead of the
slowest enrichment concerned, and goes on where it was after any restart. The condition runs under the reader's
rights and can change nothing. Above 100,000 rows, or a dollar, it asks first. Ctrl-C ends the watching, not the job.
Exit status 0: done or detached; 1: the job failed or was cancelled; 4: nobody agreed.

Examples:
  npx afterglow backfill transactions
  npx afterglow backfill reviews --where "created_at >= '2026-01-01'" --enrichment sentiment --yes --detach
  npx afterglow backfill list
  npx afterglow backfill pause 3
`,
    );
  onRun<BackfillOptions>(command, run, async (invocation, options, operands) => {
    const { startBackfill } = await import('../backfill/start-backfill.ts');
    return await startBackfill(invocation, options, operands);
  });
  const list = new Command('list').description(
    'show the jobs: what they read, how far they are, how long is left',
  );
  command.addCommand(
    onRun(list, run, async (invocation) =>
      (await import('../backfill/control-jobs.ts')).listJobs(invocation),
    ),
  );
  for (const control of ['pause', 'resume', 'cancel'] as const) {
    const subcommand = new Command(control)
      .description(CONTROLS[control])
      .argument('<job>', 'its number, as `backfill list` shows it');
    command.addCommand(
      onRun(subcommand, run, async (invocation, _options, operands) => {
        const job = onlyOperand(operands, 'The number of the job');
        const { controlJob } = await import('../backfill/control-jobs.ts');
        return await controlJob(invocation, job, control);
      }),
    );
  }
  return command;
}

const collected = (name: string, earlier: readonly string[] = []): readonly string[] => [...earlier, name];
