// F15: the application alters a table while sixteen connections write it.
import { expect, test } from 'vitest';
import type { Row } from '../../shared/contracts/events.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createCapture } from '../support/capture.ts';
import { seededRandom } from '../support/random-workload.ts';
import { Replay } from '../support/replay.ts';
import { until } from '../support/wait.ts';

const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const WRITERS = 16;
const ALTERATIONS = 40;
const COMMITS_BETWEEN = 30;
const DEADLINE_MS = 120_000;

/** Every column that comes and goes has its own name as its default: a value in a wrong column tells itself. */
const TABLE = `
  create type mood as enum ('m0');
  create table t (id bigint generated always as identity primary key, writer int not null, n int not null default 0, mood mood default 'm0',
    c0 text default 'c0')`;

test(`columns that come, go, change name and type under load: no value in a wrong column, and the topic is the table (seed ${SEED})`, {
  timeout: 300_000,
}, async () => {
  await using capture = await createCapture(TABLE, { t: 'public.t' });
  const { client, database } = capture;
  await using reader = await capture.start();
  const stopping = new AbortController();
  const commits = { count: 0 };
  const writers = Array.from({ length: WRITERS }, (_, writer) =>
    write(database.url, writer, commits, stopping.signal),
  );
  try {
    const random = seededRandom(SEED);
    const columns = ['c0'];
    for (let number = 1; number <= ALTERATIONS; number++) {
      const from = commits.count;
      await until(() => commits.count >= from + COMMITS_BETWEEN, {
        deadlineMs: DEADLINE_MS,
        what: 'some load',
      });
      for (const statement of alteration(columns, number, random)) await client.query(statement);
    }
  } finally {
    stopping.abort();
    await Promise.allSettled(writers);
  }
  await Promise.all(writers);
  // Everything once more with the columns that are left.
  await client.query('update t set n = n + 1');
  const events = await capture.events('t');
  expect(await Promise.race([reader.ended, 'running'])).toBe('running');

  const replay = new Replay();
  const columnsOf = new Map<number, string>();
  for (const event of events) {
    replay.accept(event);
    const { op, after, source } = event.event ?? {};
    if (after === null || after === undefined || source === undefined) continue;
    const names = Object.keys(after).join();
    expect(columnsOf.get(source.schema_version) ?? names).toBe(names);
    columnsOf.set(source.schema_version, names);
    if (op === 'c') expect(misplaced(after)).toEqual([]);
  }
  expect(columnsOf.size).toBeGreaterThan(ALTERATIONS / 4);
  const { rows } = await client.query<{ row: string }>('select to_jsonb(t)::text as row from t');
  const wanted = rows.map(({ row }) => JSON.parse(row) as Row);
  const byId = (a: Row, b: Row): number => Number(a.id) - Number(b.id);
  const replayed = [...replay.rows.values()].map((row) => ({ ...row, id: Number(row.id) }));
  expect(replayed.toSorted(byId)).toEqual(wanted.toSorted(byId));
});

const misplaced = (row: Row): readonly string[] =>
  Object.entries(row).flatMap(([name, value]) => (/^c\d+$/.test(name) && value !== name ? [name] : []));

/** Changes `columns` with it. */
function alteration(columns: string[], number: number, random: () => number): readonly string[] {
  const name = `c${number}`;
  const place = Math.floor(random() * columns.length);
  const chosen = columns[place];
  const kind = Math.floor(random() * 6);
  if (chosen === undefined || kind === 0) {
    columns.push(name);
    return [`alter table t add column ${name} text default '${name}'`];
  }
  if (kind === 1) {
    columns.splice(place, 1);
    return [`alter table t drop column ${chosen}`];
  }
  if (kind === 2) {
    columns[place] = name;
    return [
      `begin; alter table t rename ${chosen} to ${name}; alter table t alter ${name} set default '${name}'; commit`,
    ];
  }
  if (kind === 3) {
    const type = random() < 0.5 ? 'varchar(40)' : 'text';
    return [`alter table t alter ${chosen} type ${type}`];
  }
  if (kind === 4) {
    return [`alter type mood add value 'm${number}'`, `alter table t alter mood set default 'm${number}'`];
  }
  return ['truncate t'];
}

/** Inserts and updates until `signal` aborts. */
async function write(
  url: string,
  writer: number,
  commits: { count: number },
  signal: AbortSignal,
): Promise<void> {
  const client: DatabaseClient = await connectDatabase({ url, applicationName: 'test' });
  try {
    while (!signal.aborted) {
      await client.query('insert into t (writer) values ($1)', [writer]);
      await client.query(
        'update t set n = n + 1 where id = (select id from t where writer = $1 order by id desc limit 1)',
        [writer],
      );
      commits.count += 2;
    }
  } finally {
    await client.end();
  }
}
