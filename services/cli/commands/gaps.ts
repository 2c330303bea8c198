import { Command } from 'commander';
import { nearest } from '../../../shared/config/nearest.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { onRun, type Run } from '../invocation.ts';

export interface RepairCommandOptions {
  readonly newEpoch?: boolean;
}

export function gapsCommand(run: Run): Command {
  const list = new Command('list')
    .description('show every stretch of the log whose rows may be missing, and how far its repair is')
    .addHelpText(
      'after',
      `
Exit status 0: every gap is closed; 1: one is open or being repaired.

Examples:
  npx afterglow gaps list
  npx afterglow gaps list --json | jq 'select(.state != "closed")'
`,
    );
  const repair = new Command('repair')
    .description(
      'repair what the reader stands still for: a new slot where needed, then a redo of the tables',
    )
    .option('--new-epoch', 'take a restored or forked database for the right one from now on')
    .addHelpText(
      'after',
      `
Says what it will do and asks first. Rows that were deleted meanwhile lose their results, too. A slot is replaced at
most three times an hour. --new-epoch is needed only after a restore or fork, and refused otherwise: every position
from then on is newer than all before. See docs/operations.md.

Examples:
  npx afterglow gaps repair
  npx afterglow gaps repair --new-epoch --yes
`,
    );
  const command = new Command('gaps').description('list and repair gaps in what was read').helpCommand(false);
  // Without this, a missing or misspelt subcommand would print help and say nothing.
  command.action(() => {
    const [written] = command.args;
    if (written === undefined) throw new AfterglowError('usage', 'A command is missing: list or repair.');
    const meant = nearest(written, ['list', 'repair']);
    const hint = meant === undefined ? 'There are list and repair.' : `Did you mean ${meant}?`;
    throw new AfterglowError('usage', `Unknown command '${written}'. ${hint}`);
  });
  command.addCommand(
    onRun(list, run, async (invocation) => (await import('../gaps/list-gaps.ts')).runList(invocation)),
  );
  command.addCommand(
    onRun<RepairCommandOptions>(repair, run, async (invocation, options) =>
      (await import('../gaps/repair-gap.ts')).runRepair(invocation, options.newEpoch === true),
    ),
  );
  return command;
}
