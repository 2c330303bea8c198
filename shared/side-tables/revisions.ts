import type { Enrichment } from '../config/definition.ts';
import { revisionContent } from '../config/revision.ts';
import { AfterglowError } from '../errors/catalogue.ts';
import { type Queryable, sqlState } from '../postgres/connect.ts';
import { REVISIONS } from './names.ts';

const NEWEST = `select revision, sha256 from ${REVISIONS} where enrichment = $1 order by revision desc limit 1`;
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';

/**
 * The number under which `init` registered this very definition of the enrichment. A worker with another one would write
 * results that the fence puts in the wrong order.
 */
export async function registeredRevision(
  client: Queryable,
  name: string,
  enrichment: Enrichment,
): Promise<number> {
  const newest = await newestRevision(client, name);
  if (newest === undefined) {
    throw new AfterglowError(
      'revision_unregistered',
      `Enrichment ${name} was never registered in this database.`,
    );
  }
  if (newest.sha256 !== revisionContent(enrichment).sha256) {
    throw new AfterglowError(
      'revision_unregistered',
      `Enrichment ${name} differs from its registered revision ${newest.revision}.`,
    );
  }
  return newest.revision;
}

async function newestRevision(
  client: Queryable,
  name: string,
): Promise<{ readonly revision: number; readonly sha256: string } | undefined> {
  try {
    const { rows } = await client.query<{ revision: number; sha256: string }>(NEWEST, [name]);
    return rows[0];
  } catch (error) {
    const state = sqlState(error);
    if (state === UNDEFINED_TABLE || state === UNDEFINED_SCHEMA)
      throw new AfterglowError('database_not_initialised');
    throw error;
  }
}
