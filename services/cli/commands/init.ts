import { Command } from 'commander';
import { onRun, type Run } from '../invocation.ts';
import type { InitCommandOptions } from '../set-up.ts';

export function initCommand(run: Run): Command {
  const command = new Command('init')
    .description('set a database and its topics up for the definition, or take everything away again')
    .option('--dry-run', 'show what it would do, and change nothing')
    .option('--print-sql', 'print the statements as a script for psql, and change nothing')
    .option('--remove', 'take away everything that init and the services made, results included')
    .addHelpText(
      'after',
      `
Makes the schemas afterglow and afterglow_internal, a role for each service, the publication, side tables, views,
revisions and topics; never a trigger, nor a column in your tables. Run it again after each change of the
definition: it does only what is missing, all of it or nothing. The replication slot is made by the reader.
A source that joins later is loaded, and an enrichment that joins an old source gets its rows by a backfill of its
own; --dry-run shows how many rows. Topic settings that fall short are altered, partition counts never.
--remove drops the slot first, since an abandoned slot fills the disk.

Examples:
  DATABASE_URL=postgres://… KAFKA_BROKERS=… npx afterglow init --dry-run
  npx afterglow init --print-sql > init.sql
  npx afterglow init --remove --yes
`,
    );
  return onRun<InitCommandOptions>(command, run, async (invocation, options) => {
    const { runInit } = await import('../set-up.ts');
    return await runInit(invocation, options);
  });
}
