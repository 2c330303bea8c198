import { spawn } from 'node:child_process';
import { failIfLeftOpen, type Supervision } from './leaks.ts';
import { until } from './wait.ts';

const KILL_MS = 60_000;

export interface TestChild extends AsyncDisposable {
  readonly pid: number;
  /** Both outputs as they came, up to now. */
  readonly output: string;
  /** How it ended; undefined while it runs. */
  readonly end: ChildEnd | undefined;
  readonly ended: Promise<ChildEnd>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the match once the output matches. */
  outputMatching(pattern: RegExp, deadlineMs: number): Promise<RegExpExecArray>;
  /** Sends SIGTERM and waits for the end. */
  stop(deadlineMs: number): Promise<ChildEnd>;
}

export interface ChildEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs one of our own programs as a process: `await using child = await startChild('services/reader/main.ts', […])`.
 * A test that ends before it has ended or was disposed fails.
 */
export async function startChild(
  program: string,
  programArguments: readonly string[] = [],
  options: {
    /** Over the environment of the tests; undefined takes a variable away. */
    readonly environment?: Readonly<Record<string, string | undefined>>;
    readonly folder?: string;
    /** Who looks for what is left behind; the running test unless a test is about just that. */
    readonly supervise?: Supervision;
  } = {},
): Promise<TestChild> {
  const child = spawn(process.execPath, [program, ...programArguments], {
    cwd: options.folder,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  let output = '';
  let end: ChildEnd | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const what = `child process ${program} ${programArguments.join(' ')} (pid ${child.pid})`;
  const closed = failIfLeftOpen(what, () => child.kill('SIGKILL'), options.supervise);
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('close', (status, signal) => {
      end = { status, signal };
      closed();
      resolve(end);
    });
  });
  const waitForEnd = async (deadlineMs: number): Promise<ChildEnd> =>
    await until(() => end, { deadlineMs, what: `the end of ${what}; its output:\n${output}` });
  return {
    pid: child.pid ?? 0,
    get output() {
      return output;
    },
    get end() {
      return end;
    },
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
    outputMatching: async (pattern, deadlineMs) => {
      const match = (): RegExpExecArray | null => {
        const found = pattern.exec(output);
        if (found === null && end !== undefined) {
          throw new Error(`${what} ended before its output matched ${pattern}:\n${output}`);
        }
        return found;
      };
      try {
        return await until(match, { deadlineMs, what: `${pattern} in the output of ${what}` });
      } catch (error) {
        if (end !== undefined) throw error;
        throw new Error(`${pattern} did not come from ${what}; its output:\n${output}`, { cause: error });
      }
    },
    stop: async (deadlineMs) => {
      child.kill('SIGTERM');
      return await waitForEnd(deadlineMs);
    },
    [Symbol.asyncDispose]: async () => {
      if (end === undefined) child.kill('SIGKILL');
      await waitForEnd(KILL_MS);
    },
  };
}
