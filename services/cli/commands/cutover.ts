import { Command } from 'commander';
import type { CutoverOptions } from '../cutover/run-cutover.ts';
import { durationOption } from '../duration.ts';
import { onRun, type Run } from '../invocation.ts';
import { wholeNumberOption } from '../option-values.ts';

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
    .option('--back', 'make what the definition has as <enrichment> count again')
    .option(
      '--unscored-max <rows>',
      'how many rows may lose their score, failed or over budget (default: 0)',
      wholeNumberOption,
    )
    .option('--detach', 'return as soon as the shadow counts')
    .addHelpText(
      'after',
      `
It makes count what the definition has as <enrichment>_shadow; when that is so already, it says so and does nothing.
First the audit of the shadow has to be empty, and every row with a score has to have one of the shadow. Then view,
functions and tables change places in one transaction, the enrichers of both finish what is under way, go on where
the one behind had come to, and publish each on the topic of its name. A job without calls brings the results that
are there onto the topic. Services may run all the while; the definition file may stay as it is: services and
commands exchange the two, and init says so until you do.
The way back is --back. A cut-over that was broken off goes on when it is given again.
Exit status 0: done, so already, or detached; 1: the shadow lacks something; 3: an enricher did not end;
4: nobody agreed, or something of others is built on the tables.

Examples:
  npx afterglow compare fraud
  npx afterglow cutover fraud
  npx afterglow cutover embedding --yes --detach
  npx afterglow cutover fraud --back
`,
    );
  return onRun<CutoverOptions>(command, run, async (invocation, options, operands) => {
    const { runCutover } = await import('../cutover/run-cutover.ts');
    return await runCutover(invocation, options, operands);
  });
}
