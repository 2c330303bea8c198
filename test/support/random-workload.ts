import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';

/** Small and good enough: the same seed gives the same choices. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `ledger` gets one row for every committed transaction and is never changed: nothing can hide a commit that is missing. */
export const WORKLOAD_TABLES = `
  create table ledger (id uuid primary key default gen_random_uuid(), writer int not null);
  create table items (id int primary key, n int not null, body text);
  create table pairs (a int, b text, n int not null, primary key (a, b));
  alter table items alter body set storage external;`;

const KEYS = 60;
const BIG_ROWS = 400;

/** One application connection that commits random transactions until `signal` aborts. Returns how many it committed. */
export async function writeRandomly(
  url: string,
  writer: number,
  seed: number,
  signal: AbortSignal,
): Promise<number> {
  const random = seededRandom(seed * 1_000 + writer);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const client = await connectDatabase({ url, applicationName: 'test' });
  let commits = 0;
  try {
    while (!signal.aborted) {
      try {
        await client.query('begin');
        for (let step = 0; step <= upTo(4); step++) await change(client, upTo);
        await client.query('insert into ledger (writer) values ($1)', [writer]);
        if (random() < 0.1) await client.query('rollback');
        else {
          await client.query('commit');
          commits++;
        }
      } catch {
        // Deadlocks and keys that are taken are part of the life of sixteen writers.
        await client.query('rollback');
      }
    }
  } finally {
    await client.end();
  }
  return commits;
}

async function change(client: DatabaseClient, upTo: (limit: number) => number): Promise<void> {
  const key = upTo(KEYS);
  const kind = upTo(100);
  if (kind < 35) {
    await client.query(
      `insert into items values ($1, $2, repeat(md5($2::text), $3)) on conflict (id) do update set n = excluded.n`,
      [key, upTo(1_000_000), upTo(200)],
    );
  } else if (kind < 55) await client.query('update items set n = $2 where id = $1', [key, upTo(1_000_000)]);
  else if (kind < 65) await client.query('delete from items where id = $1', [key]);
  else if (kind < 72) await client.query('update items set id = $2 where id = $1', [key, upTo(KEYS)]);
  else if (kind < 88) {
    await client.query(
      'insert into pairs values ($1, $2, $3) on conflict (a, b) do update set n = excluded.n',
      [key % 7, `k${key}`, upTo(1_000_000)],
    );
  } else if (kind < 96) {
    await client.query('savepoint s');
    await client.query('delete from pairs where a = $1', [key % 7]);
    await client.query(upTo(2) === 0 ? 'rollback to savepoint s' : 'release savepoint s');
  } else if (kind < 99) {
    await client.query(
      `insert into items select 1000 + n, $1, 'x' from generate_series(1, ${BIG_ROWS}) n
       on conflict (id) do update set n = excluded.n`,
      [upTo(1_000_000)],
    );
  } else await client.query('truncate pairs');
}
