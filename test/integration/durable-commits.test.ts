// What Kafka is told is written must be in the log of the database, whatever database or role say.
import { expect, test } from 'vitest';
import { connectDatabase, createPool } from '../../shared/postgres/connect.ts';
import { createDatabase } from '../support/stack.ts';

const applicationName = 'durable-commits-test';

test.each([
  ['off', 'local'],
  ['local', 'local'],
  ['on', 'on'],
  ['remote_apply', 'remote_apply'],
])('where a database has synchronous_commit = %s a pool commits with %s', async (stands, expected) => {
  await using database = await createDatabase();
  const { url, name } = database;
  const client = await connectDatabase({ url, applicationName });
  await client.query(`alter database ${name} set synchronous_commit = ${stands}`);
  await client.end();
  const pool = createPool({ url, applicationName, connectionsMax: 2 });
  try {
    const show = () => pool.query<{ synchronous_commit: string }>('show synchronous_commit');
    const both = await Promise.all([show(), show()]);
    expect(both.flatMap(({ rows }) => rows)).toEqual(Array(2).fill({ synchronous_commit: expected }));
  } finally {
    await pool.end();
  }
});
