import { Command } from 'commander';
import type { CutoverOptions } from '../cutover/run-cutover.ts';
import { durationOption } from '../duration.ts';
import { onRun, type Run } from '../invocation.ts';

export function cutoverCommand(run: Run): Command {
  const command = new Command('cutover')
    .summary('make the shadow of an enrichment what counts')
    .description('make the shadow of an enrichment what counts, and what counted its shadow')
    .argument('<enrichment>', 'its name in the definition, such as fraud, which has fraud_shadow beside it')
    .option(
      '--wait <duration>',
      'how long the audit and the enrichers may take (default: 60s)',
      durationOption,
    )
    .option('--detach', 'return as soon as the shadow counts')
    .addHelpText(
      'after',
      `
First the audit of the shadow has to be empty. Then view, functions and tables change places in one transaction, the
enrichers of both finish what is under way, go on where the one behind had come to, and publish each on the topic of
its name. A job without calls brings the results that are there onto the topic. Services may run all the while; the
definition file may stay as it is: services and commands exchange the two, and init says so until you do.
The way back is the same command again. A cut-over that was broken off goes on when it is given again.
Exit status 0: done or detached; 1: the audit found something; 3: an enricher did not end; 4: nobody agreed.

Examples:
  npx afterglow compare fraud
  npx afterglow cutover fraud
  npx afterglow cutover embedding --yes --detach
`,
    );
  return onRun<CutoverOptions>(command, run, async (invocation, options, operands) => {
    const { runCutover } = await import('../cutover/run-cutover.ts');
    return await runCutover(invocation, options, operands);
  });
}
