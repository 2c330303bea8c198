import type { Definition } from '../../shared/config/definition.ts';
import { counterpartOf } from '../../shared/contracts/shadow.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import { readTurns } from '../../shared/side-tables/cutovers.ts';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import { requireKeyTypes } from '../../shared/side-tables/key-types.ts';
import { INTERNAL_SCHEMA, publicationName, SCHEMA } from '../../shared/side-tables/names.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import { verifyRegistered } from '../../shared/side-tables/revisions.ts';
import { writerStatements } from '../../shared/side-tables/statements.ts';
import type { Target } from './apply.ts';

/**
 * Where the outcomes of each topic go, in the order in which they are always written. What would fail or loop later is found
 * here, before anything is written. @throws AfterglowError, Fault
 */
export async function readTargets(
  client: Queryable,
  definition: Definition,
): Promise<ReadonlyMap<string, Target>> {
  await checkUnpublished(client, definition.pipeline);
  const targets = new Map<string, Target>();
  const turns = await readTurns(client);
  for (const enrichment of Object.keys(definition.enrichments).toSorted()) {
    const found = await readEnrichmentTables(client, enrichment);
    const tables = { ...found, turn: turns.get(enrichment) ?? 0 };
    checkDimensions(tables, definition);
    targets.set(enrichedTopic(definition.pipeline, enrichment), {
      tables,
      statements: writerStatements(tables),
      isPaired: counterpartOf(enrichment) in definition.enrichments,
    });
  }
  await verifyRegistered(client, definition);
  await requireKeyTypes(client, definition, Object.keys(definition.enrichments));
  return targets;
}

function checkDimensions({ enrichment, outputs }: EnrichmentTables, { enrichments }: Definition): void {
  const model = enrichments[enrichment]?.model;
  const stored = outputs.map(({ type }) => /\bhalfvec\((\d+)\)$/.exec(type)?.[1]).find(Boolean);
  if (model === undefined || !('dimensions' in model) || stored === undefined) return;
  if (Number(stored) === model.dimensions) return;
  throw new AfterglowError(
    'dimensions_changed',
    `Enrichment ${enrichment} makes vectors of ${model.dimensions} numbers, its table holds ${stored}.`,
  );
}

/** What is written here must never come back as a change: it would be read, enriched and written for ever. */
async function checkUnpublished(client: Queryable, pipeline: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_publication_tables
      where pubname = $1 and schemaname = any($2) order by 1`,
    [publicationName(pipeline), [SCHEMA, INTERNAL_SCHEMA]],
  );
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(', ');
  throw new AfterglowError('results_published', `Publication ${publicationName(pipeline)} holds ${names}.`);
}
