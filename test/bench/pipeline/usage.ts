import { readdirSync, readFileSync } from 'node:fs';
import type { Sample } from '../bench.ts';
import { type MeasuredProcess, parseCpuTicks, parseKib } from '../reader/measured-process.ts';
import type { Parts } from '../reader/parts.ts';

const TICKS_PER_SECOND = 100;
const KIBIBYTES_PER_MEGABYTE = 1_000_000 / 1_024;

/** By process: `reader`, `enricher_fraud`, …, and the servers `postgres` and `kafka`. */
export type Usage = Readonly<Record<string, number>>;

/** Processor time so far. */
export function cpuSeconds(parts: Parts, processes: ReadonlyMap<string, Used>): Usage {
  const ours = Array.from(processes, ([name, used]) => [name, used.cpuSeconds()] as const);
  return {
    ...Object.fromEntries(ours),
    postgres: serverCpuSeconds(parts.pids.postgres),
    kafka: parseCpuTicks(stat(parts.pids.kafka)) / TICKS_PER_SECOND,
  };
}

export type Used = Pick<MeasuredProcess, 'cpuSeconds' | 'peakMemoryMb'>;

/** What each process has used since then, and the most it ever held. Of PostgreSQL, whose processes share most of it, only the first. */
export function usageSince(before: Usage, parts: Parts, processes: ReadonlyMap<string, Used>): Sample {
  const after = cpuSeconds(parts, processes);
  const cpu = Object.entries(after).map(([name, seconds]) => [
    `${name}_cpu_seconds`,
    seconds - (before[name] ?? 0),
  ]);
  const peaks = Array.from(processes, ([name, used]) => [`${name}_peak_memory_mb`, used.peakMemoryMb()]);
  const kafkaMb =
    parseKib(readFileSync(`/proc/${parts.pids.kafka}/status`, 'utf8'), 'VmHWM') / KIBIBYTES_PER_MEGABYTE;
  return Object.fromEntries([...cpu, ...peaks, ['kafka_peak_memory_mb', kafkaMb]]) as Sample;
}

/** All its processes: those that are there, and those that were. */
function serverCpuSeconds(pid: number): number {
  const children = readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const text = statIfThere(Number(entry));
    return text !== undefined && parentOf(text) === pid ? [text] : [];
  });
  const server = stat(pid);
  const ticks = [server, ...children].reduce((sum, text) => sum + parseCpuTicks(text), 0);
  return (ticks + endedChildrenTicks(server)) / TICKS_PER_SECOND;
}

const fieldsOf = (text: string): readonly string[] => text.slice(text.lastIndexOf(')') + 2).split(' ');
const parentOf = (text: string): number => Number(fieldsOf(text)[1]);
/** cutime and cstime: of children that have ended. */
const endedChildrenTicks = (text: string): number => Number(fieldsOf(text)[13]) + Number(fieldsOf(text)[14]);
const stat = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'utf8');

function statIfThere(pid: number): string | undefined {
  try {
    return stat(pid);
  } catch {
    return undefined; // It ended between the listing and the look.
  }
}
