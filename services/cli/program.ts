import { Command, CommanderError, Option } from 'commander';
import { addCommand } from './commands/add.ts';
import { auditCommand } from './commands/audit.ts';
import { awsLocalCommand } from './commands/aws-local.ts';
import { backfillCommand } from './commands/backfill.ts';
import { compareCommand } from './commands/compare.ts';
import { configCommand } from './commands/config.ts';
import { costCommand } from './commands/cost.ts';
import { cutoverCommand } from './commands/cutover.ts';
import { deadCommand } from './commands/dead.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { enricherCommand } from './commands/enricher.ts';
import { envCommand } from './commands/env.ts';
import { gapsCommand } from './commands/gaps.ts';
import { initCommand } from './commands/init.ts';
import { readerCommand } from './commands/reader.ts';
import { redecideCommand } from './commands/redecide.ts';
import { reenrichCommand } from './commands/reenrich.ts';
import { sqlCommand } from './commands/sql.ts';
import { statusCommand } from './commands/status.ts';
import { tailCommand } from './commands/tail.ts';
import { topicsCommand } from './commands/topics.ts';
import { traceCommand } from './commands/trace.ts';
import { upCommand } from './commands/up.ts';
import { writerCommand } from './commands/writer.ts';
import {
  createInvocation,
  type GlobalOptions,
  LOG_LEVELS,
  type Run,
  type Surroundings,
} from './invocation.ts';
import { reportError } from './report-error.ts';
import { packageVersion } from './version.ts';

const DESCRIPTION = `Streaming enrichment beside PostgreSQL: every committed row of the tables you name goes
through your models, and scores come back next to the row, milliseconds after commit.`;

const AFTER_HELP = `
Start here:
  npx afterglow up --for 1m                 all of it on this machine, for one minute
  npx afterglow sql "select * from afterglow.transactions_enriched limit 5"
  npx afterglow tail fraud --flagged        results as they arrive
  npx afterglow doctor                      what is missing, each with its exact fix
  npx afterglow help <command>              options and examples of one command

Exit status: 0 fine, 1 a check found something, 2 usage or definition, 3 a part is unreachable,
4 refused (consent, budget), 70 a defect.
`;

const COMMANDS: readonly (readonly [heading: string, ...((run: Run) => Command)[]])[] = [
  [
    'Run:',
    upCommand,
    downCommand,
    demoCommand,
    readerCommand,
    enricherCommand,
    writerCommand,
    awsLocalCommand,
  ],
  ['Set up:', addCommand, initCommand, doctorCommand, configCommand, envCommand, sqlCommand],
  ['Watch:', statusCommand, tailCommand, topicsCommand, traceCommand, costCommand, auditCommand],
  [
    'Operate:',
    backfillCommand,
    reenrichCommand,
    redecideCommand,
    compareCommand,
    cutoverCommand,
    deadCommand,
    gapsCommand,
  ],
];

export function createProgram(run: Run): Command {
  const { standardOutput } = run.surroundings;
  const program = new Command('afterglow')
    .description(DESCRIPTION)
    .usage('<command> [options]')
    .option('--config <file>', 'the definition file (default: afterglow.yaml in this folder)')
    .option('--json', 'results and errors as JSON, one value a line')
    .option('--yes', 'answer every question with yes')
    .option('--no-color', 'no colours; NO_COLOR in the environment does the same')
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(LOG_LEVELS))
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', AFTER_HELP);
  program.configureHelp({
    helpWidth: 100,
    showGlobalOptions: true,
    // Those of a command with subcommands are its own: `backfill list` takes no --where.
    visibleGlobalOptions: (command) => (command === program ? [] : [...program.options]),
  });
  program.configureOutput({
    writeOut: (text) => void standardOutput.write(text),
    writeErr: () => {}, // reported once, with what to do, where the error is caught
    getOutHelpWidth: () => 100,
    outputError: () => {},
  });
  program.exitOverride();
  for (const [heading, ...commands] of COMMANDS) {
    program.commandsGroup(heading);
    for (const create of commands) program.addCommand(inheriting(program, create(run)));
  }
  return program;
}

/** Commands made on their own take over how the program writes and ends. */
function inheriting(program: Command, command: Command): Command {
  command.copyInheritedSettings(program);
  command.helpOption('--help', 'print this help');
  // Its own action says what a misspelt subcommand meant.
  if (command.commands.length > 0) command.allowExcessArguments();
  for (const subcommand of command.commands) inheriting(program, subcommand);
  return command;
}

/** Runs one command line to its end; resolves with the exit status and never rejects. */
export async function runProgram(
  programArguments: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const run: Run = { surroundings, status: 0 };
  const program = createProgram(run);
  try {
    await program.parseAsync(programArguments.length === 0 ? ['--help'] : [...programArguments], {
      from: 'user',
    });
    return run.status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help and version
    const options: GlobalOptions = {
      ...program.opts<GlobalOptions>(),
      ...jsonBeforeFailure(programArguments),
    };
    const { output, logLevel } = createInvocation(options, surroundings);
    return reportError(error, output, logLevel);
  }
}

/** A command line that fails to parse may fail before its --json is reached. */
function jsonBeforeFailure(programArguments: readonly string[]): GlobalOptions {
  return programArguments.includes('--json') ? { json: true } : {};
}
