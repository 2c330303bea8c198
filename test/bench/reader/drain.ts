import { join } from 'node:path';
import { publicationName } from '../../../shared/side-tables/names.ts';
import { until } from '../../support/wait.ts';
import type { Sample } from '../bench.ts';
import type { Capture } from './capture.ts';
import { type MeasuredProcess, startMeasured } from './measured-process.ts';
import type { Parts } from './parts.ts';
import { readDefinition, type Workload } from './workload.ts';

/** Seldom enough to cost the two measured programs nothing, often enough for two digits of the shortest run. */
const LOOK_INTERVAL_MS = 25;
const DEADLINE_MS = 300_000;
const FLOOR_SLOT = 'bench_floor';
const MICROSECONDS_PER_SECOND = 1e6;

/** From the first records in the topic to the last one: starting up is not counted, for either. */
export async function drain(
  capture: Capture,
  parts: Parts,
  workload: Workload,
  rows: number,
): Promise<Sample> {
  const { slot, topic } = capture;
  await workload.rewind(slot, [topic]);
  const program = await capture.start(parts, workload);
  try {
    const first = await recordsReach(1, topic, parts, program);
    const last = await recordsReach(rows, topic, parts, program);
    if (last.records !== rows) {
      throw new Error(`${last.records} records of ${rows} rows in ${topic}: ${program.gist()}`);
    }
    const seconds = last.atSeconds - first.atSeconds;
    const cpuSeconds = last.cpuSeconds - first.cpuSeconds;
    return {
      rows_per_second: (rows - first.records) / seconds,
      drain_seconds: seconds,
      cpu_seconds: cpuSeconds,
      cpu_per_row_us: (cpuSeconds * MICROSECONDS_PER_SECOND) / (rows - first.records),
      peak_memory_mb: program.peakMemoryMb(),
    };
  } finally {
    await program.stop();
  }
}

interface Reading {
  /** In fresh topics, where a row is one record: no tombstone is in this workload. */
  readonly records: number;
  readonly atSeconds: number;
  readonly cpuSeconds: number;
}

async function recordsReach(
  wanted: number,
  topic: string,
  parts: Parts,
  program: MeasuredProcess,
): Promise<Reading> {
  const reading = async (): Promise<Reading | undefined> => {
    if (program.end !== undefined) throw new Error(`the program ${program.end}: ${program.gist()}`);
    const records = await parts.countRecords(topic);
    if (records < wanted) return undefined;
    return { records, atSeconds: performance.now() / 1_000, cpuSeconds: program.cpuSeconds() };
  };
  const what = `${wanted} records in ${topic}`;
  return await until(reading, { deadlineMs: DEADLINE_MS, everyMs: LOOK_INTERVAL_MS, what });
}

/** pg_recvlogical into nothing: what the server itself takes. It says nothing while it runs, so connecting is counted too. */
export async function drainToNothing(parts: Parts, workload: Workload, rows: number): Promise<Sample> {
  await workload.rewind(FLOOR_SLOT, []);
  const { pipeline } = await readDefinition();
  const startedAtMs = performance.now();
  const program = await startMeasured({
    folder: parts.folder,
    name: 'floor',
    program: join(parts.postgresPrograms, 'pg_recvlogical'),
    programArguments: [
      ...['--dbname', workload.databaseUrl, '--slot', FLOOR_SLOT, '--start', '--no-loop'],
      ...['--endpos', workload.endLsn, '--file', '/dev/null'],
      ...['--option', 'proto_version=1', '--option', `publication_names=${publicationName(pipeline)}`],
    ],
  });
  const end = await program.ended;
  if (end !== 'ended with status 0') throw new Error(`pg_recvlogical ${end}: ${program.gist()}`);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  return { rows_per_second: rows / seconds, drain_seconds: seconds };
}
