import { Command, Option } from 'commander';
import { durationOption } from '../duration.ts';
import { onRun, type Run } from '../invocation.ts';
import { rateOption } from '../option-values.ts';

interface Options {
  readonly for?: number;
  readonly fresh?: boolean;
  readonly demo: boolean;
  readonly rate?: number;
  readonly postgres: '16' | '18';
  readonly demoIntoThisDatabase?: boolean;
}

export function upCommand(run: Run): Command {
  const command = new Command('up')
    .description('start everything here: embedded parts, services, demo traffic, live view (= npm start)')
    .option(
      '--for <duration>',
      'end by itself this long after everything is ready, such as 30s; starting does not count',
      durationOption,
    )
    .option('--fresh', 'delete the data of earlier runs first; downloads stay')
    .option('--no-demo', 'no demo traffic; the demo tables get the rows they begin with all the same')
    .option('--rate <rows>', 'demo traffic in rows a second (default: 50)', rateOption)
    .addOption(
      new Option('--postgres <version>', 'version of the embedded PostgreSQL')
        .choices(['16', '18'])
        .default('18'),
    )
    .option('--demo-into-this-database', 'demo tables and traffic into the database that DATABASE_URL names')
    .addHelpText(
      'after',
      `
Without settings everything runs on this machine: a real PostgreSQL with pgvector, a real Kafka, and a stand-in for
the AWS endpoints, all below .afterglow/ in this folder. Each part is replaced on its own:
  DATABASE_URL    your database, after \`afterglow init\` was run against it; it gets no demo tables
  KAFKA_BROKERS   your Kafka
  AFTERGLOW_AWS   real: Amazon, which costs money; AWS_* variables alone change nothing
Every service runs in a process of its own, is started again when it ends, and logs to .afterglow/logs.
Ctrl-C stops all of it in order; a second Ctrl-C ends at once. The next start goes on with the same data.

Examples:
  npm start
  npx afterglow up --for 30s --json
  npx afterglow up --fresh --rate 500
  DATABASE_URL=postgres://… npx afterglow up
`,
    );
  return onRun<Options>(command, run, async (invocation, options) => {
    const { runUp } = await import('../up/run-up.ts');
    return await runUp(invocation, {
      postgresVersion: options.postgres === '16' ? 16 : 18,
      isFresh: options.fresh === true,
      hasTraffic: options.demo,
      rowsPerSecond: options.rate,
      forMs: options.for,
      demoIntoThisDatabase: options.demoIntoThisDatabase === true,
    });
  });
}
