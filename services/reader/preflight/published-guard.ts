import type { Definition } from '../../../shared/config/definition.ts';
import { Fault } from '../../../shared/errors/policy.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type PublishedObjects, readPublished } from '../../../shared/postgres/published.ts';
import { publicationName } from '../../../shared/side-tables/names.ts';
import { sourceTables } from './facts.ts';
import { describeChanges, publishedChanges } from './published-changes.ts';

/**
 * Looks whether everything is still published as it was. Called before each acknowledgement: what is confirmed after a look
 * was decoded before it. A change ends the session, and the next preflight decides what it means.
 */
export type PublishedGuard = (recorded: PublishedObjects) => Promise<PublishedObjects>;

export function publishedGuard(client: Queryable, definition: Definition): PublishedGuard {
  const publication = publicationName(definition.pipeline);
  const tables = sourceTables(definition);
  return async (recorded) => {
    const now = await readPublished(client, publication, tables);
    const changes = publishedChanges(recorded, now);
    if (changes.length === 0) return now;
    throw new Fault('unavailable', 'published_changed', describeChanges(publication, changes));
  };
}
