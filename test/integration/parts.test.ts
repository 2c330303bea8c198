import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { startChild } from '../support/child.ts';
import { createDatabase } from '../support/stack.ts';
import { until } from '../support/wait.ts';

/** How long a connection that nobody closes is waited for. */
const CLOSING_MAX_MS = 500;
const DEADLINE_MS = 60_000;

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
    const database = await createDatabase(version, CLOSING_MAX_MS);
    const client = new pg.Client({ connectionString: database.url, application_name: 'forgotten' });
    client.on('error', () => {}); // The forced drop ends it.
    await client.connect();
    await expect(database[Symbol.asyncDispose]()).rejects.toThrow(/left behind: connection of forgotten/);
  });
});

describe('a child process', () => {
  const program = 'test/support/watchdog.ts';

  test('is told apart by how it ended, with its output', async () => {
    await using child = await startChild(program, ['/no/folder-of-a-test-run']);
    await child.outputMatching(/not the folder of a test run: (\S+)/, DEADLINE_MS);
    expect(await child.ended).toEqual({ status: 1, signal: null });
    await expect(child.outputMatching(/never/, DEADLINE_MS)).rejects.toThrow(
      'ended before its output matched',
    );
  });

  test('fails its test when it is left behind, and is ended', async () => {
    const checks: (() => void)[] = [];
    const supervise = (check: () => void): number => checks.push(check);
    const child = await startChild('--eval', ['setInterval(() => {}, 1000)'], { supervise });
    expect(checks).toEqual([expect.any(Function)]);
    expect(checks[0]).toThrow('the test left behind: child process --eval setInterval');
    expect(await child.ended).toEqual({ status: null, signal: 'SIGKILL' });
    expect(checks[0]).not.toThrow();
  });
});

test('a condition that never holds is named', async () => {
  await expect(until(() => false, { deadlineMs: 1, what: 'the impossible' })).rejects.toThrow(
    'gave up waiting for the impossible after 1 ms',
  );
});
