import { join } from 'node:path';
import type { Benchmark, Medians, OptionValues, Sample } from '../bench.ts';
import { startMeasured } from '../reader/measured-process.ts';
import { type Parts, REPOSITORY, startParts } from '../reader/parts.ts';
import { prepare } from './prepare.ts';

const ROWS = 1_000_000;
const LOOK_INTERVAL_MS = 100;
const TAKES_MAX_SECONDS = 60;

let parts: Promise<Parts> | undefined;
let runs = 0;

/** `afterglow audit fraud's source` as a process, on a database where nothing is wrong. */
async function audit(rows: number): Promise<Sample> {
  parts ??= startParts().then(async (started) => {
    await prepare(started, rows);
    return started;
  });
  const { folder, databaseUrl, brokers } = await parts;
  const startedAtMs = performance.now();
  const child = await startMeasured({
    folder,
    name: `audit-${++runs}`,
    program: process.execPath,
    programArguments: [
      join(REPOSITORY, 'services/cli/main.ts'),
      '--config',
      join(folder, 'afterglow.yaml'),
      'audit',
      'transactions',
      '--json',
    ],
    environment: { DATABASE_URL: databaseUrl, KAFKA_BROKERS: brokers },
  });
  let peakMb = 0;
  let cpuSeconds = 0;
  const looking = setInterval(() => {
    try {
      cpuSeconds = child.cpuSeconds();
      peakMb = child.peakMemoryMb();
    } catch {
      // It has ended, and nobody has been told yet.
      clearInterval(looking);
    }
  }, LOOK_INTERVAL_MS);
  try {
    await child.ended;
  } finally {
    clearInterval(looking);
  }
  const tookSeconds = (performance.now() - startedAtMs) / 1_000;
  const said = child.gist();
  if (!said.includes(`"rows":${rows},"missing":0,"stale":0,"orphaned":0,"waiting":0,"outdated":0`)) {
    throw new Error(`the audit did not find everything right: ${said}`);
  }
  return {
    seconds: tookSeconds,
    rows_per_second: rows / tookSeconds,
    cpu_seconds: cpuSeconds,
    peak_memory_mb: peakMb,
  };
}

const benchmarkOf = (rows: number): Benchmark => ({
  what: `How long does the audit take for ${rows.toLocaleString('en-US')} rows when nothing is wrong?`,
  how: 'Each run is `afterglow audit transactions` as a process, its start included, against the embedded PostgreSQL 18 on the same cores; every row has an outcome and a result.',
  conditions: { rows },
  rounds: 3,
  variants: [{ name: 'fraud', run: () => audit(rows) }],
  observe: (medians: Medians) => {
    const seconds = medians.fraud?.seconds ?? 0;
    return `${rows.toLocaleString('en-US')} rows are proven in ${seconds.toFixed(1)} s; a million may take ${TAKES_MAX_SECONDS} s.`;
  },
  end: async () => {
    await (await parts)?.end();
  },
});

export const benchmark: Benchmark = benchmarkOf(ROWS);

export const options = { rows: { type: 'string' } } as const;

export function configure({ rows = String(ROWS) }: OptionValues): Benchmark {
  const count = Number(rows);
  if (!Number.isInteger(count) || count < 1) throw new RangeError('--rows takes a whole number from 1 on');
  return benchmarkOf(count);
}
