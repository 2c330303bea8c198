import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { REDO_JOBS } from '../../../shared/side-tables/names.ts';
import type { Invocation } from '../invocation.ts';
import { chooseParts } from '../settings.ts';

/** A connection to the database that holds the jobs, for the time of `work`. */
export async function withJobs<Result>(
  invocation: Invocation,
  work: (client: DatabaseClient) => Promise<Result>,
): Promise<Result> {
  const { databaseUrl: url } = chooseParts(invocation);
  const client = await connectDatabase({ url, applicationName: 'afterglow backfill' });
  try {
    const { rows } = await client.query<{ present: boolean }>(
      'select to_regclass($1) is not null as present',
      [REDO_JOBS],
    );
    if (rows[0]?.present === true) return await work(client);
    throw new AfterglowError('database_not_initialised', 'This database has no table of jobs yet.', {
      remedy: 'Run `afterglow init`.',
    });
  } finally {
    await client.end();
  }
}
