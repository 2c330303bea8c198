// From which day on the ledger speaks of the model that an enrichment has now.
import { expect, test } from 'vitest';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { allMigrations } from '../../shared/side-tables/migrations.ts';
import { modelSince } from '../../shared/side-tables/model-since.ts';
import { createDatabase } from '../support/stack.ts';

test('a model counts from the day on which it was registered or cut over to; a new threshold changes nothing', async () => {
  await using database = await createDatabase();
  const client = await connectDatabase({ url: database.url, applicationName: 'test' });
  await using _connection = { [Symbol.asyncDispose]: () => client.end() };
  for (const { sql } of allMigrations()) await client.query(sql);
  const register = async (revision: number, day: string, model: string, flag: string): Promise<void> => {
    await client.query(
      `insert into afterglow_internal.revisions (enrichment, revision, sha256, content, created_at)
       values ('mood', $1, 'x', json_build_object('model', $2::text, 'flag', $3::text), $4::timestamptz)`,
      [revision, model, flag, `${day}T23:30:00Z`],
    );
  };
  await register(1, '2026-11-01', 'a', 'one');
  await register(2, '2026-11-02', 'a', 'two');
  expect(await modelSince(client, 'mood')).toBeUndefined();
  await register(3, '2026-11-03', 'b', 'two');
  await register(4, '2026-11-04', 'b', 'three');
  expect(await modelSince(client, 'mood')).toBe('2026-11-03');
  // Back to the one that was paid before, but not lately.
  await register(5, '2026-11-05', 'a', 'three');
  expect(await modelSince(client, 'mood')).toBe('2026-11-05');
  await client.query(
    "insert into afterglow_internal.cutovers (enrichment, began_at) values ('mood', '2026-11-06T00:30:00Z')",
  );
  expect(await modelSince(client, 'mood')).toBe('2026-11-06');
  expect(await modelSince(client, 'mood_shadow')).toBe('2026-11-06');
  expect(await modelSince(client, 'other')).toBeUndefined();
});
