import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../../deploy/local/folders.ts';
import { logGist, readLogFrom } from '../../../deploy/local/log-file.ts';
import { PROCESS_NOTE } from '../../../deploy/local/part-start.ts';
import { type EndStep, endProcess, spawnServer } from '../../../deploy/local/processes.ts';

/** Linux counts processor time for user space in hundredths of a second, whatever the kernel itself does. */
const TICKS_PER_SECOND = 100;
const KIBIBYTES_PER_MEGABYTE = 1_000_000 / 1_024;

const END: readonly EndStep[] = [
  { signal: 'SIGTERM', waitMs: 20_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/** A program under measurement: what it has used so far, read from outside, so that measuring costs it nothing. */
export interface MeasuredProcess {
  /** What its output says, as far as one line can. */
  gist(): string;
  /** How it ended; undefined while it runs. */
  readonly end: string | undefined;
  readonly ended: Promise<string>;
  /** User and system time of all its threads. */
  cpuSeconds(): number;
  /** Resident now. */
  memoryMb(): number;
  /** The most that was ever resident at once. */
  peakMemoryMb(): number;
  stop(): Promise<void>;
}

/** Its folder holds a note of it, by which it is ended even when this process is killed. */
export async function startMeasured(options: {
  readonly folder: string;
  readonly name: string;
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<MeasuredProcess> {
  const folder = join(options.folder, options.name);
  makeFolder(folder);
  const log = join(folder, 'output.log');
  const { identity, ended } = await spawnServer({
    program: options.program,
    programArguments: options.programArguments,
    folder,
    log,
    environment: { ...process.env, ...options.environment },
  });
  writeFileSync(join(folder, PROCESS_NOTE), JSON.stringify(identity));
  let end: string | undefined;
  void ended.then((how) => {
    end = how;
  });
  const read = (file: string): string => readFileSync(`/proc/${identity.pid}/${file}`, 'utf8');
  return {
    gist: () => logGist(readLogFrom(log, 0)),
    get end() {
      return end;
    },
    ended,
    cpuSeconds: () => parseCpuTicks(read('stat')) / TICKS_PER_SECOND,
    memoryMb: () => parseKib(read('status'), 'VmRSS') / KIBIBYTES_PER_MEGABYTE,
    peakMemoryMb: () => parseKib(read('status'), 'VmHWM') / KIBIBYTES_PER_MEGABYTE,
    stop: async () => {
      if (!(await endProcess(identity, END)))
        throw new Error(`${options.name} (pid ${identity.pid}) did not end`);
    },
  };
}

/** utime and stime; the name before them may hold spaces and brackets. */
export function parseCpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** VmRSS: resident now; VmHWM: the most that ever was. */
export function parseKib(status: string, name: 'VmRSS' | 'VmHWM'): number {
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  if (kibibytes === undefined) throw new Error('the process has no memory any more');
  return Number(kibibytes);
}
