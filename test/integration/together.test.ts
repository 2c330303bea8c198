// Statements that travel together, and what is left when one of them fails.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectDatabase, createPool, onConnection, sqlState } from '../../shared/postgres/connect.ts';
import { BEGIN, COMMIT, type PreparedStatement, together } from '../../shared/postgres/together.ts';
import { createDatabase } from '../support/stack.ts';

const applicationName = 'together-test';
const insert = (value: number): PreparedStatement => ({
  name: 'insert_value',
  text: 'insert into kept select $1::int4 returning value',
  values: [value],
});
const SUM: PreparedStatement = { name: 'sum', text: 'select sum(value)::text as total, null from kept' };
const FAILING: PreparedStatement = { name: 'failing', text: 'select 1 / 0' };
const UNKNOWN: PreparedStatement = { name: 'unknown', text: 'select from nowhere' };

test('each does its work with what those before it did, and answers for itself', async () => {
  await using database = await createDatabase();
  const client = await connectDatabase({ url: database.url, applicationName });
  try {
    await client.query('create table kept (value int4 not null)');
    for (const total of ['5', '10']) {
      const answers = await together(client, [BEGIN, insert(2), insert(3), SUM, COMMIT]);
      expect(answers).toEqual([
        { rowCount: null, rows: [] },
        { rowCount: 1, rows: [['2']] },
        { rowCount: 1, rows: [['3']] },
        { rowCount: 1, rows: [[total, null]] },
        { rowCount: null, rows: [] },
      ]);
    }
    expect(await together(client, [])).toEqual([]);
    // The client's own way knows the same statements.
    expect((await client.query({ ...SUM, values: [] })).rows).toEqual([{ total: '10', '?column?': null }]);
  } finally {
    await client.end();
  }
});

test('the first that fails ends them all: nothing of their transaction stays, and the connection goes on', async () => {
  await using database = await createDatabase();
  const pool = createPool({ url: database.url, applicationName, connectionsMax: 1 });
  try {
    await pool.query('create table kept (value int4 not null)');
    const failed = [
      onConnection(pool, (client) => together(client, [BEGIN, insert(1), FAILING, insert(2), COMMIT])),
      onConnection(pool, (client) => together(client, [insert(3), FAILING])),
      onConnection(pool, (client) => together(client, [insert(4), UNKNOWN, SUM])),
    ];
    const states = await Promise.all(failed.map((trip) => trip.then(() => 'none', sqlState)));
    expect(states).toEqual(['22012', '22012', '42P01']);
    const answers = await onConnection(pool, (client) => together(client, [insert(7), SUM]));
    expect(answers.at(-1)?.rows).toEqual([['7', null]]);
  } finally {
    await pool.end();
  }
});

test('a trip that takes too long, or whose connection breaks, fails like any statement', async () => {
  await using database = await createDatabase();
  const sleep: PreparedStatement = { name: 'sleep', text: 'select pg_sleep(600)' };
  const client = await connectDatabase({ url: database.url, applicationName, statementTimeoutMs: 50 });
  expect(await together(client, [sleep]).then(() => 'none', sqlState)).toBe('57014');
  const end: PreparedStatement = { name: 'end', text: 'select pg_terminate_backend(pg_backend_pid())' };
  await expect(together(client, [end, SUM])).rejects.toThrow();
  await expect(together(client, [SUM])).rejects.toThrow();
  await client.end();
});

test('any text, number and array arrives as it was sent', async () => {
  await using database = await createDatabase();
  const client = await connectDatabase({ url: database.url, applicationName });
  const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'));
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.oneof(text, fc.constantFrom('', 'NULL', 'null', '{', '"\\"', ',')))),
        fc.array(fc.option(fc.double().map((each) => each + 0))), // PostgreSQL is told no negative zero.
        fc.option(text),
        async (texts, numbers, alone) => {
          const [answer] = await together(client, [
            {
              name: 'echo',
              text: 'select to_json($1::text[]), to_json($2::float8[]::text[]), $3::text, $4::bool[]::text',
              values: [texts, numbers, alone, [true, null, false]],
            },
          ]);
          const [echoed, echoedNumbers, echoedAlone, flags] = answer?.rows[0] ?? [];
          expect(JSON.parse(String(echoed))).toEqual(texts);
          expect(
            (JSON.parse(String(echoedNumbers)) as readonly (string | null)[]).map((each) =>
              each === null ? null : Number(each),
            ),
          ).toEqual(numbers);
          expect(echoedAlone).toBe(alone);
          expect(flags).toBe('{t,NULL,f}');
        },
      ),
      { numRuns: 300 },
    );
  } finally {
    await client.end();
  }
});
