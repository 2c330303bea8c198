import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { createDatabase } from '../support/stack.ts';

describe.each([16, 18] as const)('a test database on PostgreSQL %i', (version) => {
  test('is fresh, has pgvector and a logical log, and is gone afterwards', async () => {
    await using database = await createDatabase(version);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('create extension vector');
    const { rows } = await client.query('select current_setting($1) as level, version()', ['wal_level']);
    await client.end();
    expect(rows[0]).toMatchObject({
      level: 'logical',
      version: expect.stringContaining(`PostgreSQL ${version}`),
    });
  });

  test('fails its test when a connection is left behind', async () => {
    const database = await createDatabase(version);
    const client = new pg.Client({ connectionString: database.url, application_name: 'forgotten' });
    client.on('error', () => {}); // The forced drop ends it.
    await client.connect();
    await expect(database[Symbol.asyncDispose]()).rejects.toThrow(/left behind: connection of forgotten/);
  });
});
