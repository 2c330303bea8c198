// Commits as an application makes them, by pgbench: written in C, it takes little of a machine that it shares with what is measured.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { reviewTexts } from '../aws-local/requests.ts';
import { startMeasured } from '../reader/measured-process.ts';
import type { Parts } from '../reader/parts.ts';

const CUSTOMERS = 5_000;
const TEXTS_PER_LANGUAGE = 1_000;
const LANGUAGES = ['en', 'de', 'fr', 'es'] as const;
const CONNECTIONS = 8;
const SEED = 20_261_121;
const MICROSECONDS_PER_MILLISECOND = 1_000;

/** As the demo's purchases look; each another one. */
const purchases = (rows: string): string => `
insert into public.transactions (customer_id, kind, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present,
    attempts_10m, distance_from_home_km, occurred_at)
select n % ${CUSTOMERS} + 1, 'purchase', (n * 7919 % 90000 + 1) / 100.0, 'Merchant ' || n % 500,
    (array['grocery', 'fuel', 'restaurant', 'clothing', 'electronics', 'travel', 'digital', 'gambling'])[n % 8 + 1]::public.merchant_category,
    'US', lpad((n % 10000)::text, 4, '0'), n % 3 > 0, n % 4 + 1, case when n % 5 > 0 then n % 997 * 1.37 end,
    timestamptz '2026-11-20 09:15:00Z' + n * interval '1.357 ms'
from ${rows}`;

const PURCHASE = (rowsPerCommit: number): string => `\\set drawn random(1, 1000000000)
${purchases(`(select :drawn::int8 + more as n from generate_series(1, ${rowsPerCommit}) as more) as drawn`)};
`;
/** A text that nobody has paid for yet. */
const REVIEW = `\\set drawn random(1, 1000000000)
insert into public.reviews (customer_id, product_name, rating, language, title, body)
select n % ${CUSTOMERS} + 1, 'Product ' || n % 300, n % 5 + 1, texts.language, 'Review ' || n, texts.body || ' ' || n
from (select :drawn::int8 as n) as drawn join bench.texts on texts.number = n % ${LANGUAGES.length * TEXTS_PER_LANGUAGE};
`;

/** Customers who may buy, and texts that reviews are made of. */
export async function prepareLoad(client: DatabaseClient): Promise<void> {
  await client.query(
    `insert into public.customers (full_name, email, country)
     select 'Customer ' || n, n || '@example.com', 'US' from generate_series(1, $1::int4) as n`,
    [CUSTOMERS],
  );
  await client.query('create schema bench');
  await client.query(
    'create table bench.texts (number int8 primary key, language text not null, body text not null)',
  );
  const texts = LANGUAGES.flatMap((language) =>
    reviewTexts(TEXTS_PER_LANGUAGE, language).map((body) => ({ language, body })),
  );
  await client.query(
    `insert into bench.texts select place - 1, language, body
     from unnest($1::text[], $2::text[]) with ordinality as text(language, body, place)`,
    [texts.map(({ language }) => language), texts.map(({ body }) => body)],
  );
}

/** So many purchases as one transaction each; the disk is not waited for, so that filling takes seconds. */
export async function fillPurchases(client: DatabaseClient, rows: number): Promise<void> {
  await client.query('set synchronous_commit = off');
  const one = purchases('(select number::int8 * 7 as n) as drawn');
  await client.query(`do $$ begin for number in 1..${rows} loop ${one}; commit; end loop; end $$`);
  await client.query('set synchronous_commit = on');
  await client.query('analyze public.transactions'); // A commit that waits, so that all before it is flushed, too.
}

export interface Load {
  readonly commitsPerSecond: number;
  readonly seconds: number;
  /** Of every ten commits, so many are a review; the others are purchases. */
  readonly reviewsOfTen: number;
  readonly rowsPerCommit: number;
}

export interface Loaded {
  /** From the moment a connection began a purchase to the answer to its commit. */
  readonly commitMs: readonly number[];
  readonly commits: number;
}

let loads = 0;

/** Commits at random times with this rate on average, as customers come; one that is late is made up for. */
export async function runLoad(parts: Parts, databaseUrl: string, load: Load): Promise<Loaded> {
  const name = `pgbench-${loads++}`;
  const folder = join(parts.folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'purchase.sql'), PURCHASE(load.rowsPerCommit));
  writeFileSync(join(folder, 'review.sql'), REVIEW);
  const scripts = [
    ['-f', `purchase.sql@${10 - load.reviewsOfTen}`],
    ...(load.reviewsOfTen > 0 ? [['-f', `review.sql@${load.reviewsOfTen}`]] : []),
  ].flat();
  const pgbench = await startMeasured({
    folder: parts.folder,
    name,
    program: join(parts.postgresPrograms, 'pgbench'),
    programArguments: [
      ...[
        '--no-vacuum',
        '--protocol',
        'prepared',
        '--client',
        String(CONNECTIONS),
        '--random-seed',
        String(SEED + loads),
      ],
      ...[
        '--rate',
        String(load.commitsPerSecond),
        '--time',
        String(load.seconds),
        '--log',
        ...scripts,
        databaseUrl,
      ],
    ],
  });
  const end = await pgbench.ended;
  if (end !== 'ended with status 0') throw new Error(`pgbench ${end}: ${pgbench.gist()}`);
  const log = readdirSync(folder).filter((file) => file.startsWith('pgbench_log.'));
  const transactions = log.flatMap((file) => parseLog(readFileSync(join(folder, file), 'utf8')));
  rmSync(folder, { recursive: true });
  const commitMs = transactions.filter(({ script }) => script === PURCHASES).map(({ tookMs }) => tookMs);
  return { commitMs, commits: transactions.length };
}

const PURCHASES = 0;

/** Of each line: client, number, time with the delay before it, script, when, and that delay. */
export function parseLog(text: string): readonly { readonly script: number; readonly tookMs: number }[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, , took, script, , , delay] = line.split(' ').map(Number);
      if (took === undefined || script === undefined || delay === undefined || Number.isNaN(took))
        throw new RangeError('a line that pgbench does not write');
      return { script, tookMs: (took - delay) / MICROSECONDS_PER_MILLISECOND };
    });
}
