import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { failIfLeftOpen, leftInDatabase } from './leaks.ts';
import type { TestParts } from './parts.ts';
import { until } from './wait.ts';

const CLOSING_MAX_MS = 60_000;

export function testParts(): TestParts {
  return inject('afterglow');
}

/** Bootstrap address of the run's Kafka. */
export function brokers(): string {
  return testParts().brokers;
}

/** A pipeline name that no other test has: topics, groups, slot and publication are named after it. */
export function uniquePipelineName(): string {
  return `t_${randomBytes(6).toString('hex')}`;
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Superuser's URL; wal_level is logical. */
  readonly url: string;
  readonly version: 16 | 18;
}

/**
 * A fresh database: `await using database = await createDatabase()`. Its end drops it with the slots left in it, and
 * fails the test when a connection or an active slot is still there.
 */
export async function createDatabase(
  version: 16 | 18 = 18,
  closingMaxMs = CLOSING_MAX_MS,
): Promise<TestDatabase> {
  const server = testParts().postgres[version];
  const name = uniquePipelineName();
  await asSuperuser(server, async (client) => {
    await client.query(`create database ${name}`);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  const closed = failIfLeftOpen(`database ${name}`);
  return {
    name,
    url: url.href,
    version,
    [Symbol.asyncDispose]: async () => {
      closed();
      const left = await asSuperuser(server, (client) => dropDatabase(client, name, closingMaxMs));
      if (left.length > 0) throw new Error(`the test left behind: ${left.join('; ')}`);
    },
  };
}

/** Drops it whatever is still there, and returns what was. */
async function dropDatabase(
  client: pg.Client,
  name: string,
  closingMaxMs: number,
): Promise<readonly string[]> {
  const left = await leftInDatabase(client, name, closingMaxMs);
  const active = 'select 1 from pg_replication_slots where database = $1 and active';
  await client.query(
    'select pg_terminate_backend(active_pid) from pg_replication_slots where database = $1 and active',
    [name],
  );
  await until(async () => (await client.query(active, [name])).rowCount === 0, {
    deadlineMs: CLOSING_MAX_MS,
    what: `the replication slots of ${name} to become inactive`,
  });
  await client.query(
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1',
    [name],
  );
  await client.query(`drop database ${name} with (force)`);
  return left;
}

async function asSuperuser<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, application_name: 'afterglow-test-support' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
