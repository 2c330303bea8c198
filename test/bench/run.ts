// npm run bench -- <name> [--rounds N] [--observation "one sentence"] [--dry]
import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Benchmark, type Measured, measure, mediansOf } from './bench.ts';
import { readEnvironment } from './environment.ts';

const FOLDER = new URL('.', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, observation: { type: 'string' }, dry: { type: 'boolean' } },
});
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

process.exitCode = await run(positionals[0]);

async function run(name: string | undefined): Promise<number> {
  const place = new URL(`${name}/bench.ts`, FOLDER);
  if (name === undefined || !/^[a-z0-9-]+$/.test(name) || !existsSync(place)) {
    say(`Which benchmark? There are: ${names().join(', ')}.`);
    return 2;
  }
  const { benchmark } = (await import(place.href)) as { readonly benchmark: Benchmark };
  const rounds = values.rounds === undefined ? benchmark.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    say('--rounds takes a whole number from 1 on.');
    return 2;
  }
  say(`${name}: ${benchmark.what}`);
  say(benchmark.how);
  const measured = await measure(benchmark.variants, rounds);
  for (const line of table(measured)) say(line);
  const result = {
    benchmark: name,
    at: new Date().toISOString(),
    environment: readEnvironment(),
    conditions: benchmark.conditions,
    ...measured,
    observation: values.observation ?? benchmark.observe(mediansOf(measured)),
  };
  say(result.observation);
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
    Object.entries(metrics).map(
      ([metric, { median, least, most }]) =>
        `  ${variant.padEnd(24)} ${shown(median).padStart(14)} ${metric}  (${shown(least)} to ${shown(most)}, ${measured.rounds} rounds)`,
    ),
  );
}

function shown(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
