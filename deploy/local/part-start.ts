import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AfterglowError, type ErrorCode } from '../../shared/errors/catalogue.ts';
import { cannotRun } from './commands.ts';
import { beginLog, logGist, readLogFrom } from './log-file.ts';
import { choosePort, probePort } from './ports.ts';
import { type EndStep, endProcess, type ProcessIdentity, type ServerProcess } from './processes.ts';
import type { PartName, Progress } from './progress.ts';

/** In the data folder of a part: who was last started on it. */
export const PROCESS_NOTE = 'process.json';
const PORTS_NOTE = 'ports.json';

const PORT_ATTEMPTS = 3;
const POLL_MS = 50;

/** A server that runs and answers. */
export interface RunningPart {
  readonly port: number;
  readonly identity: ProcessIdentity;
  readonly log: string;
  /** Resolves when the process has ended, wanted or not, with what to tell about it. */
  readonly ended: Promise<string>;
  /** Resolves when the process has really ended. */
  stop(): Promise<void>;
}

export interface PartStart {
  readonly part: PartName;
  readonly title: string;
  readonly failure: ErrorCode;
  /** Holds the notes about the last start: its ports and its process. */
  readonly folder: string;
  readonly log: string;
  /** One for each port, the one that clients use first. */
  readonly portWishes: readonly number[];
  readonly deadlineMs: number;
  readonly endSteps: readonly EndStep[];
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Called as soon as the process exists, long before it answers. */
  readonly onSpawn?: ((identity: ProcessIdentity) => void) | undefined;
  spawn(ports: readonly number[]): Promise<ServerProcess>;
  /** True only when this very process answers, not another one on the same port. */
  isReady(ports: readonly number[], identity: ProcessIdentity): Promise<boolean>;
}

export async function startPart(start: PartStart): Promise<RunningPart> {
  let lost: readonly number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const ports = await choosePorts(start, lost);
    const logBegin = beginLog(start.log);
    start.progress({ part: start.part, phase: 'start', message: `starting ${start.title}` });
    const server = await start.spawn(ports).catch((error: unknown) => {
      throw cannotRun(start.failure, start.title, error);
    });
    noteProcess(start.folder, server.identity);
    start.onSpawn?.(server.identity);
    const reason = await whyNotReady(start, ports, server);
    if (reason === undefined) {
      writeNote(start.folder, PORTS_NOTE, ports);
      return runningPart(start, ports, server);
    }
    await endProcess(server.identity, start.endSteps);
    start.signal?.throwIfAborted();
    const log = readLogFrom(start.log, logBegin);
    const stolen = await stolenPorts(ports, log);
    if (stolen.length > 0 && attempt < PORT_ATTEMPTS) {
      lost = [...lost, ...stolen];
      continue;
    }
    const gist = logGist(log);
    throw new AfterglowError(start.failure, `${start.title} ${reason}: ${gist} (log: ${start.log}).`);
  }
}

/**
 * Ports that something else took between choice and start. The log is asked too: a holder may be gone again, such as a
 * client whose connection got the number from the system for a moment.
 */
async function stolenPorts(ports: readonly number[], log: string): Promise<readonly number[]> {
  if (/address already in use/i.test(log)) return ports;
  const stolen: number[] = [];
  for (const port of ports) if ((await probePort(port)) === undefined) stolen.push(port);
  return stolen;
}

async function choosePorts(start: PartStart, lost: readonly number[]): Promise<number[]> {
  const remembered = readPorts(start.folder);
  const ports: number[] = [];
  for (const [index, wish] of start.portWishes.entries()) {
    const { port, busy } = await choosePort([remembered[index], wish], [...ports, ...lost]);
    ports.push(port);
    if (busy === undefined || index > 0) continue;
    const message = `port ${busy} is in use by something else: ${start.title} takes ${port}`;
    start.progress({ part: start.part, phase: 'port', message });
  }
  return ports;
}

async function whyNotReady(
  start: PartStart,
  ports: readonly number[],
  server: ServerProcess,
): Promise<string | undefined> {
  let ended: string | undefined;
  void server.ended.then((how) => {
    ended = how;
  });
  const deadline = performance.now() + start.deadlineMs;
  while (ended === undefined && start.signal?.aborted !== true) {
    if (await start.isReady(ports, server.identity)) return undefined;
    if (performance.now() > deadline) return `did not answer within ${start.deadlineMs / 1000} s`;
    await wait(POLL_MS);
  }
  return ended ?? 'was told to stop';
}

function runningPart(start: PartStart, ports: readonly number[], server: ServerProcess): RunningPart {
  const [port = 0] = ports;
  start.progress({ part: start.part, phase: 'ready', message: `${start.title} is up on port ${port}` });
  return {
    port,
    identity: server.identity,
    log: start.log,
    ended: server.ended,
    stop: async () => {
      if (await endProcess(server.identity, start.endSteps)) return;
      throw new AfterglowError(
        'part_not_stopped',
        `${start.title} (pid ${server.identity.pid}) did not end.`,
      );
    },
  };
}

function noteProcess(folder: string, identity: ProcessIdentity): void {
  writeNote(folder, PROCESS_NOTE, identity);
}

/** The process that was last started on this folder; it may have ended long ago. */
export function notedProcess(folder: string): ProcessIdentity | undefined {
  const note = readNote(folder, PROCESS_NOTE);
  if (typeof note !== 'object' || note === null || !('pid' in note) || !('start' in note)) return undefined;
  const { pid, start } = note;
  return typeof pid === 'number' && typeof start === 'string' ? { pid, start } : undefined;
}

function readPorts(folder: string): readonly number[] {
  const note = readNote(folder, PORTS_NOTE);
  return Array.isArray(note) ? note.filter((port) => Number.isInteger(port)) : [];
}

function readNote(folder: string, name: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8'));
  } catch {
    return undefined; // Missing or cut short: a note is a convenience, the start finds out by itself.
  }
}

function writeNote(folder: string, name: string, content: unknown): void {
  writeFileSync(join(folder, name), JSON.stringify(content), { mode: 0o600 });
}
