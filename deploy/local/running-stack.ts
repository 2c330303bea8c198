import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { type LocalFolders, makeFolder } from './folders.ts';
import { KAFKA_END } from './kafka.ts';
import { takeLock } from './lock.ts';
import { POSTGRES_END } from './postgres.ts';
import { type EndStep, endProcess, isAlive, ownIdentity } from './processes.ts';

const identity = z.object({ pid: z.int().positive(), start: z.string() });
const stackProcess = identity.extend({
  /** One of a kind in a stack, e.g. postgres or enricher fraud. */
  name: z.string(),
  kind: z.enum(['postgres', 'kafka', 'service']),
  port: z.int().exactOptional(),
  log: z.string().exactOptional(),
});
/** A service that ended by itself. */
const endedService = z.object({
  name: z.string(),
  /** given up: nobody starts it again before somebody has looked. */
  state: z.enum(['restarting', 'given up']),
  /** How it ended and, where it said so, why. */
  reason: z.string(),
  /** What to do about it, in the service's own words. */
  remedy: z.string().exactOptional(),
  log: z.string(),
});
const stackState = z.object({
  /** The process that started the others and will stop them. */
  supervisor: identity,
  since: z.iso.datetime(),
  processes: z.array(stackProcess).readonly(),
  /** Kept beside what runs: without them a stack would look whole while a service of it is down. */
  ended: z.array(endedService).readonly().default([]),
  /** What `afterglow env` prints: DATABASE_URL, KAFKA_BROKERS and so on, with their secrets. */
  environment: z.record(z.string(), z.string()),
  psql: z.string().exactOptional(),
});
export type StackProcess = z.infer<typeof stackProcess>;
export type EndedService = z.infer<typeof endedService>;
export type StackState = z.infer<typeof stackState>;

const SERVICE_END: readonly EndStep[] = [
  { signal: 'SIGTERM', waitMs: 10_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];
const END_STEPS: Readonly<Record<StackProcess['kind'], readonly EndStep[]>> = {
  service: SERVICE_END,
  postgres: POSTGRES_END,
  kafka: KAFKA_END,
};
/** Longer than a supervisor takes to stop all its parts one after another. */
const SUPERVISOR_END_MS = 60_000;

export type StackReport =
  | { readonly condition: 'none' }
  | { readonly condition: 'running' | 'left_over'; readonly state: StackState };

/** What runs here: a stack, or what a killed one has left over. */
export function readStack(folders: LocalFolders): StackReport {
  const state = readState(folders);
  if (state === undefined) return { condition: 'none' };
  if (isAlive(state.supervisor)) return { condition: 'running', state };
  return state.processes.some(isAlive) ? { condition: 'left_over', state } : { condition: 'none' };
}

/** The running stack, or the error that says how to start one. */
export function requireStack(folders: LocalFolders): StackState {
  const report = readStack(folders);
  if (report.condition !== 'running') throw new AfterglowError('stack_not_running');
  return report.state;
}

/** The right to run a stack in this folder, held by this process until it releases it or dies. */
export interface StackClaim {
  /** Records at once: what is written here can be stopped even after this process was killed. */
  record(change: Partial<Pick<StackState, 'environment' | 'psql'>>): void;
  /** Takes the place of what was recorded under its name. */
  addProcess(process: StackProcess): void;
  /** Takes the place of the process of its name. */
  addEnded(service: EndedService): void;
  removeProcess(process: Pick<StackProcess, 'name'>): void;
  /** Call it when all processes have ended. */
  release(): void;
}

/** Claims the folder, after stopping what an earlier stack left over; already_running when a stack is alive there. */
export async function claimStack(
  folders: LocalFolders,
  onLeftOver: (process: StackProcess) => void = () => {},
): Promise<StackClaim> {
  makeFolder(folders.root);
  const taken = takeLock(join(folders.root, 'run.lock'));
  if ('holder' in taken) {
    throw new AfterglowError(
      'already_running',
      `A stack is already running in ${folders.root} (pid ${taken.holder.pid}).`,
    );
  }
  try {
    await stopLeftOver(readState(folders)?.processes ?? [], onLeftOver);
    let state: StackState = {
      supervisor: ownIdentity(),
      since: new Date().toISOString(),
      processes: [],
      ended: [],
      environment: {},
    };
    const write = (next: StackState): void => {
      state = next;
      writeState(folders, state);
    };
    write(state);
    return {
      record: (change) => write({ ...state, ...change }),
      addProcess: (process) => {
        const { processes, ended } = without(state, process.name);
        write({ ...state, processes: [...processes, process], ended });
      },
      addEnded: (service) => {
        const { processes, ended } = without(state, service.name);
        write({ ...state, processes, ended: [...ended, service] });
      },
      removeProcess: ({ name }) => write({ ...state, ...without(state, name) }),
      release: () => {
        rmSync(stateFile(folders), { force: true });
        taken.lock.release();
      },
    };
  } catch (error) {
    taken.lock.release();
    throw error;
  }
}

/** Ends whatever runs here: asks the supervisor, and stops what is left over then. True when there was something. */
export async function stopStack(
  folders: LocalFolders,
  onLeftOver: (process: StackProcess) => void = () => {},
): Promise<boolean> {
  const report = readStack(folders);
  if (report.condition === 'none') return false;
  const { supervisor } = report.state;
  const ended = await endProcess(supervisor, [{ signal: 'SIGTERM', waitMs: SUPERVISOR_END_MS }]);
  if (!ended) throw new AfterglowError('part_not_stopped', `The stack (pid ${supervisor.pid}) did not end.`);
  const claim = await claimStack(folders, onLeftOver);
  claim.release();
  return true;
}

/** Services first: they finish their work while the parts still answer. */
async function stopLeftOver(
  processes: readonly StackProcess[],
  onLeftOver: (process: StackProcess) => void,
): Promise<void> {
  const services = processes.filter(({ kind }) => kind === 'service');
  const parts = processes.filter(({ kind }) => kind !== 'service');
  for (const group of [services, parts]) await Promise.all(group.filter(isAlive).map(stop));

  async function stop(process: StackProcess): Promise<void> {
    onLeftOver(process);
    if (await endProcess(process, END_STEPS[process.kind])) return;
    throw new AfterglowError('part_not_stopped', `${process.name} (pid ${process.pid}) did not end.`);
  }
}

function without({ processes, ended }: StackState, name: string): Pick<StackState, 'processes' | 'ended'> {
  return {
    processes: processes.filter((each) => each.name !== name),
    ended: ended.filter((each) => each.name !== name),
  };
}

const stateFile = (folders: LocalFolders): string => join(folders.root, 'run.json');

function readState(folders: LocalFolders): StackState | undefined {
  if (!existsSync(stateFile(folders))) return undefined;
  try {
    return stackState.parse(JSON.parse(readFileSync(stateFile(folders), 'utf8')));
  } catch {
    return undefined; // Another version's: the parts find what is left over on their own data.
  }
}

function writeState(folders: LocalFolders, state: StackState): void {
  const draft = `${stateFile(folders)}.draft-${process.pid}`;
  writeFileSync(draft, JSON.stringify(state, undefined, 2), { mode: 0o600 });
  renameSync(draft, stateFile(folders));
}
