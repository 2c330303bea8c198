// npm run bench -- <name> [--rounds N] [--observation "one sentence"] [--dry] [options of the benchmark's own]
import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type Benchmark,
  type BenchmarkModule,
  type Measured,
  measure,
  mediansOf,
  type OptionValues,
} from './bench.ts';
import { readEnvironment } from './environment.ts';

const FOLDER = new URL('.', import.meta.url);

const OPTIONS = {
  rounds: { type: 'string' },
  observation: { type: 'string' },
  dry: { type: 'boolean' },
} as const;
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

process.exitCode = await run(process.argv.slice(2));

async function run([name, ...rest]: readonly string[]): Promise<number> {
  const place = new URL(`${name}/bench.ts`, FOLDER);
  if (name === undefined || !/^[a-z0-9-]+$/.test(name) || !existsSync(place)) {
    say(`Which benchmark? There are: ${names().join(', ')}.`);
    return 2;
  }
  const { benchmark, options = {}, configure } = (await import(place.href)) as BenchmarkModule;
  try {
    const { values } = parseArgs({ args: rest, options: { ...options, ...OPTIONS } });
    const rounds = Number(values.rounds ?? benchmark.rounds);
    if (!Number.isInteger(rounds) || rounds < 1)
      throw new RangeError('--rounds takes a whole number from 1 on');
    return await measureAndNote(name, configure?.(values) ?? benchmark, rounds, values);
  } catch (error) {
    const isUsage = error instanceof RangeError || (error instanceof TypeError && 'code' in error);
    if (!isUsage) throw error;
    say(`${error.message}.`);
    return 2;
  }
}

async function measureAndNote(
  name: string,
  benchmark: Benchmark,
  rounds: number,
  values: OptionValues,
): Promise<number> {
  say(`${name}: ${benchmark.what}`);
  say(benchmark.how);
  const measured = await measure(benchmark.variants, rounds).finally(() => benchmark.end?.());
  const medians = mediansOf(measured);
  for (const line of benchmark.tables?.(medians) ?? []) say(line);
  for (const line of table(measured)) say(line);
  const ratios = benchmark.ratios?.(medians);
  const result = {
    benchmark: name,
    at: new Date().toISOString(),
    environment: readEnvironment(),
    conditions: benchmark.conditions,
    ...measured,
    ...(ratios === undefined ? {} : { ratios }),
    observation: values.observation ?? benchmark.observe(medians),
  };
  say(String(result.observation));
  const line = JSON.stringify(result);
  if (values.dry !== true) {
    mkdirSync(new URL('results/', FOLDER), { recursive: true });
    appendFileSync(fileURLToPath(new URL(`results/${name}.jsonl`, FOLDER)), `${line}\n`);
  }
  say(line);
  return 0;
}

function names(): readonly string[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/bench.ts`, FOLDER)))
    .map((entry) => entry.name);
}

function table(measured: Measured): readonly string[] {
  return Object.entries(measured.variants).flatMap(([variant, metrics]) =>
    Object.entries(metrics).map(([metric, { median, least, most }]) => {
      const spread = least === most ? '' : `  (${shown(least)} to ${shown(most)}, ${measured.rounds} rounds)`;
      return `  ${variant.padEnd(24)} ${shown(median).padStart(14)} ${metric}${spread}`;
    }),
  );
}

function shown(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
