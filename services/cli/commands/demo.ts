import { Command, Option } from 'commander';
import type { DemoOptions } from '../demo-traffic.ts';
import { durationOption } from '../duration.ts';
import { onRun, type Run } from '../invocation.ts';
import { rateOption, wholeNumberOption } from '../option-values.ts';

export function demoCommand(run: Run): Command {
  const command = new Command('demo')
    .description('write plausible customers, payments and reviews into the demo tables')
    .option('--rate <rows>', 'rows a second (default: 50)', rateOption)
    .option('--seed <number>', 'the same seed, the same people and payments (default: 1)', wholeNumberOption)
    .addOption(
      new Option('--scenario <name>', 'card-testing: an attack every few seconds').choices([
        'ordinary',
        'card-testing',
      ]),
    )
    .option('--for <duration>', 'end by itself after this long, such as 30s', durationOption)
    .option('--demo-into-this-database', 'create the demo tables in the database that DATABASE_URL names')
    .addHelpText(
      'after',
      `
Writes only into tables that it created itself, and creates them only in a database of Afterglow's own, unless
--demo-into-this-database says otherwise. \`up\` runs this traffic by itself.

Examples:
  npx afterglow demo --rate 200 --scenario card-testing --for 30s
`,
    );
  return onRun<DemoOptions>(command, run, async (invocation, options) => {
    const { runDemoCommand } = await import('../demo-traffic.ts');
    return await runDemoCommand(invocation, options);
  });
}
