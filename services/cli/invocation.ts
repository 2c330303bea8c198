import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import type { LogLevel } from '../../shared/telemetry/logger.ts';
import { Output, type OutputStream } from './output.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the process gives to a command; a test gives its own. */
export interface Surroundings {
  readonly environment: Environment;
  readonly folder: string;
  readonly standardOutput: OutputStream;
  readonly standardError: OutputStream;
}

export const LOG_LEVELS = [
  'silent',
  'fatal',
  'error',
  'warn',
  'info',
  'debug',
  'trace',
] as const satisfies LogLevel[];

/** One run of one command: global options, where it runs, and where it writes. */
export interface Invocation {
  readonly output: Output;
  readonly environment: Environment;
  /** Absolute; the file may not exist. */
  readonly definitionFile: string;
  /** The folder that holds the definition and `.afterglow/`. */
  readonly projectFolder: string;
  /** Where the command was given: a stack may run here although --config names a file elsewhere. */
  readonly currentFolder: string;
  readonly saysYes: boolean;
  readonly isColored: boolean;
  /** Undefined: nobody said, and the command has its own default. */
  readonly logLevel: LogLevel | undefined;
}

export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly color?: boolean;
  readonly logLevel?: LogLevel;
}

export const DEFINITION_FILE = 'afterglow.yaml';

export function createInvocation(options: GlobalOptions, surroundings: Surroundings): Invocation {
  const { environment, folder } = surroundings;
  const definitionFile = resolve(folder, options.config ?? environment.AFTERGLOW_CONFIG ?? DEFINITION_FILE);
  const isColored = options.color !== false && (environment.NO_COLOR ?? '') === '';
  return {
    output: new Output(surroundings.standardOutput, surroundings.standardError, {
      json: options.json === true,
      color: isColored,
    }),
    environment,
    definitionFile,
    projectFolder: dirname(definitionFile),
    currentFolder: folder,
    saysYes: options.yes === true,
    isColored,
    logLevel: options.logLevel,
  };
}

/** Returns the exit status, 0 when it returns nothing. */
export type Handler<Options> = (
  invocation: Invocation,
  options: Options,
  operands: readonly string[],
) => Promise<number | undefined>;

/** Where a command's action reports to; made once for each run of the program. */
export interface Run {
  readonly surroundings: Surroundings;
  status: number;
}

/** Gives the command its action. The handler imports what is heavy itself, so that help stays fast. */
export function onRun<Options>(command: Command, run: Run, handler: Handler<Options>): Command {
  return command.action(async () => {
    const invocation = createInvocation(command.optsWithGlobals<GlobalOptions>(), run.surroundings);
    run.status =
      (await handler(invocation, command.opts<Options & Record<string, never>>(), command.args)) ?? 0;
  });
}

/** The one operand a command takes. */
export function onlyOperand(operands: readonly string[], what: string): string {
  const [operand] = operands;
  if (operand === undefined) throw new AfterglowError('usage', `${what} is missing.`);
  return operand;
}
