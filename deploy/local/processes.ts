import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Which process, for good: a pid is used again some day, together with its start it is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Boot and clock ticks since boot. */
  readonly start: string;
}

export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** State and start in ticks from the text of /proc/<pid>/stat; the name before them may hold spaces and brackets. */
export function parseProcessStat(text: string): { state: string; startTicks: string } | undefined {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  const [state] = fields;
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined || !/^\d+$/.test(startTicks)) return undefined;
  return { state, startTicks };
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Undefined when there is no such process, or only its exit status is left of it. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = readIfPresent(`/proc/${pid}/stat`);
  const parsed = stat === undefined ? undefined : parseProcessStat(stat);
  if (parsed === undefined || parsed.state === 'Z' || parsed.state === 'X') return undefined;
  const boot = readIfPresent('/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? '';
  return { pid, start: `${boot}/${parsed.startTicks}` };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.start === identity.start;
}

export function ownIdentity(): ProcessIdentity {
  const identity = identityOf(process.pid);
  if (identity === undefined) throw new Error('/proc does not show this process');
  return identity;
}

export interface EndStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

const POLL_MS = 20;

/** Sends one signal after another until the process has really ended; false when it outlived them all. */
export async function endProcess(identity: ProcessIdentity, steps: readonly EndStep[]): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    if (!isAlive(identity)) return true;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      // ESRCH: it ended between the two lines; the poll below sees that.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline) {
      if (!isAlive(identity)) return true;
      await wait(POLL_MS);
    }
  }
  return !isAlive(identity);
}

/** What a server gets of the caller's shell: no setting that would change it (PGPORT, a locale), and no secret. */
export function serverEnvironment(locale: 'C' | 'C.UTF-8'): Record<string, string | undefined> {
  const { PATH, HOME, TZ, LD_LIBRARY_PATH, JAVA_TOOL_OPTIONS } = process.env;
  return { PATH, HOME, TZ, LD_LIBRARY_PATH, JAVA_TOOL_OPTIONS, LC_ALL: locale };
}

export interface ServerProcess {
  readonly identity: ProcessIdentity;
  /** Resolves when the process has ended, with what to tell about it. */
  readonly ended: Promise<string>;
}

/**
 * Starts a server in a process group of its own, so that a terminal's Ctrl-C reaches only the supervisor, which stops
 * the parts in their order. Output is appended to `log`.
 */
export async function spawnServer(options: {
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly folder: string;
  readonly log: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly user?: ServerUser | undefined;
}): Promise<ServerProcess> {
  const log = openSync(options.log, 'a', 0o600);
  try {
    const child = spawn(options.program, options.programArguments, {
      cwd: options.folder,
      env: options.environment,
      detached: true,
      stdio: ['ignore', log, log],
      ...(options.user === undefined ? {} : { uid: options.user.uid, gid: options.user.gid }),
    });
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(signal === null ? `ended with status ${code}` : `ended by ${signal}`);
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // A process that has ended already has no start any more; nothing can be mistaken for it.
    const identity = identityOf(child.pid ?? 0) ?? { pid: child.pid ?? 0, start: 'ended' };
    return { identity, ended };
  } finally {
    closeSync(log);
  }
}
