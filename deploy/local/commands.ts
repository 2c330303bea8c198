import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { AfterglowError, type ErrorCode } from '../../shared/errors/catalogue.ts';
import type { ServerUser } from './processes.ts';

export interface CommandResult {
  /** Exit status; undefined when a signal or the deadline ended it. */
  readonly status: number | undefined;
  /** The last part of both outputs, as they came. */
  readonly output: string;
}

const OUTPUT_MAX_CHARACTERS = 64_000;
const GIST_CHARACTERS = 300;

/** The file that a shell would run for this name. */
export function findProgram(name: string, searchPath = process.env.PATH ?? ''): string | undefined {
  for (const folder of searchPath.split(delimiter)) {
    const file = join(folder === '' ? '.' : folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Runs a program to its end. Rejects only when it cannot be started or `signal` aborts. */
export async function runCommand(
  program: string,
  programArguments: readonly string[],
  options: {
    readonly folder: string;
    readonly deadlineMs: number;
    readonly environment?: Readonly<Record<string, string | undefined>>;
    readonly user?: ServerUser | undefined;
    readonly input?: string;
    readonly signal?: AbortSignal | undefined;
    readonly onLine?: (line: string) => void;
  },
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, {
      cwd: options.folder,
      env: options.environment ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.user === undefined ? {} : { uid: options.user.uid, gid: options.user.gid }),
    });
    let output = '';
    let unfinished = '';
    const take = (chunk: Buffer): void => {
      const text = chunk.toString('utf8');
      output = (output + text).slice(-OUTPUT_MAX_CHARACTERS);
      const lines = (unfinished + text).split(/\r?\n/);
      unfinished = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    // A program that ends without reading its input is judged by its status.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    const deadline = setTimeout(kill, options.deadlineMs);
    options.signal?.addEventListener('abort', kill, { once: true });
    const finish = (): void => {
      clearTimeout(deadline);
      options.signal?.removeEventListener('abort', kill);
    };
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    child.once('close', (status) => {
      finish();
      if (options.signal?.aborted === true) reject(options.signal.reason);
      else resolve({ status: status ?? undefined, output });
    });
  });
}

/** The line that says what is wrong: the first one marked as an error, else the last that sounds like one. */
export function gistOf({ status, output }: CommandResult): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim());
  const marked = lines.find((line) => /^\[?(ERROR|FATAL)\b/.test(line));
  const telling = lines.findLast((line) => /error|fail|could not|cannot|unable/i.test(line));
  const gist = (marked ?? telling ?? lines.findLast((line) => line !== ''))
    ?.replace(/^\[?ERROR\]?:? /, '')
    .replace(/( -> \[Help 1\])?\.*$/, '')
    .slice(0, GIST_CHARACTERS);
  return gist ?? (status === undefined ? 'it took too long' : `it ended with status ${status}`);
}

/** A file that is there but cannot be started: a folder mounted noexec, another C library. */
export function cannotRun(code: ErrorCode, title: string, error: unknown): unknown {
  const reason = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : undefined;
  if (reason === undefined) return error;
  return new AfterglowError(code, `${title} cannot be run on this system (${reason}).`, { cause: error });
}
