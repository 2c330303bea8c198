import { Command } from 'commander';
import { nearest } from '../../../shared/config/nearest.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { DropOptions } from '../dead/drop-failures.ts';
import type { ListOptions } from '../dead/list-failures.ts';
import type { ReplayOptions } from '../dead/replay-failures.ts';
import { durationOption } from '../duration.ts';
import { onlyOperand, onRun, type Run } from '../invocation.ts';
import { wholeNumberOption } from '../option-values.ts';

const LISTED_DEFAULT = 50;
const SUBCOMMANDS = ['list', 'show', 'replay', 'drop'] as const;

export function deadCommand(run: Run): Command {
  const command = new Command('dead')
    .description('what failed: list it, look at one, have it redone, or let it be')
    .helpCommand(false);
  // Without this, a missing or misspelt subcommand would print help and say nothing.
  command.action(() => {
    const [written] = command.args;
    if (written === undefined) {
      throw new AfterglowError('usage', `A command is missing: ${SUBCOMMANDS.join(', ')}.`);
    }
    const meant = nearest(written, [...SUBCOMMANDS]);
    const hint = meant === undefined ? `There are ${SUBCOMMANDS.join(', ')}.` : `Did you mean ${meant}?`;
    throw new AfterglowError('usage', `Unknown command '${written}'. ${hint}`);
  });
  for (const create of [listCommand, showCommand, replayCommand, dropCommand]) {
    command.addCommand(create(run));
  }
  return command;
}

function listCommand(run: Run): Command {
  const command = selecting(new Command('list'))
    .description(
      'rows whose newest outcome is a failure and changes the reader could not decode, the newest first',
    )
    .option('--limit <rows>', 'so many at once', wholeNumberOption, LISTED_DEFAULT)
    .option('--after <id>', 'go on behind this one, the last of the page before')
    .addHelpText(
      'after',
      `
A change that the reader could not decode stands under the enrichment "capture" until it is replayed or dropped; the
newest 10,000 of them are listed. Exit status 0: nothing has failed; 1: something has.

Examples:
  npx afterglow dead list --kind input --since 2h
  npx afterglow dead list --enrichment capture
  npx afterglow dead list --json | jq -r '[.id, .code] | @tsv'
`,
    );
  return onRun<ListOptions>(command, run, async (invocation, options) =>
    (await import('../dead/list-failures.ts')).runList(invocation, options),
  );
}

function showCommand(run: Run): Command {
  const command = new Command('show')
    .description('one failure and its archive: the change byte for byte as it came')
    .argument('<id>', 'its id, or the beginning of it, as `dead list` shows it')
    .option('--original', 'print the change itself, byte for byte, which holds row values')
    .addHelpText(
      'after',
      `
The archive is the topic <pipeline>.dead.<enrichment>, which keeps 30 days. What the reader could not decode stands in
<pipeline>.dead.capture: a message of the replication protocol, which no terminal shows.

Examples:
  npx afterglow dead show 3f9c2a
  npx afterglow dead show 3f9c2a --original | jq .after
  npx afterglow dead show 77d01b --original | hexdump -C
`,
    );
  return onRun<{ readonly original?: boolean }>(command, run, async (invocation, options, operands) => {
    const id = onlyOperand(operands, 'The id of the failure');
    return (await import('../dead/show-failure.ts')).runShow(invocation, id, options.original === true);
  });
}

function replayCommand(run: Run): Command {
  const command = selecting(new Command('replay'))
    .description('have failed rows read again and given a new outcome, once their cause is mended')
    .argument('[ids...]', 'ids, or the beginnings of them; none: what the options pick')
    .option('--all', 'every failed row, where neither ids nor options pick any')
    .option('--detach', 'return as soon as the jobs are made')
    .addHelpText(
      'after',
      `
A redo by key: the reader reads the rows as they are now, nothing old is sent again. Above 100,000 rows, or
a dollar, it asks first.
Where nothing names the row of a change, it says what to do instead. Ctrl-C ends the watching, not the jobs.
Exit status 0: done or detached; 1: a job failed, or not every change names its row; 4: nobody agreed.

Examples:
  npx afterglow dead replay 3f9c2a 77d01b
  npx afterglow dead replay --enrichment fraud --code ModelError_400
`,
    );
  return onRun<ReplayOptions>(command, run, async (invocation, options, operands) =>
    (await import('../dead/replay-failures.ts')).runReplay(invocation, options, operands),
  );
}

function dropCommand(run: Run): Command {
  const command = selecting(new Command('drop'))
    .description('list failures no more; the rows stay failed, and a new failure of one is listed again')
    .argument('[ids...]', 'ids, or the beginnings of them; none: what the options pick')
    .option('--all', 'every failed row, where neither ids nor options pick any')
    .addHelpText(
      'after',
      `
Asks first. The archive keeps them for its 30 days.

Examples:
  npx afterglow dead drop 3f9c2a
  npx afterglow dead drop --enrichment sentiment --kind input --yes
`,
    );
  return onRun<DropOptions>(command, run, async (invocation, options, operands) =>
    (await import('../dead/drop-failures.ts')).runDrop(invocation, options, operands),
  );
}

const collected = (name: string, earlier: readonly string[] = []): readonly string[] => [...earlier, name];

function selecting(command: Command): Command {
  return command
    .option(
      '--enrichment <name>',
      'only of this enrichment, or capture; may be repeated (default: all)',
      collected,
    )
    .option('--kind <kind>', 'only of this kind, such as rejected_item, contract or input')
    .option('--code <code>', 'only with this code, such as ModelError_400')
    .option('--since <duration>', 'only what failed at most this long ago, such as 2h', durationOption);
}
