import type { Definition } from '../../../shared/config/definition.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import type { EnrichmentTables } from '../../../shared/side-tables/enrichment-tables.ts';
import { countFailures, droppedAmong, type FailureFilter } from '../../../shared/side-tables/failures.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import { requireDefinition, requireEnrichment } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { chooseParts } from '../settings.ts';
import { CAPTURE, type CaptureLetter, readCaptureLetters } from './capture-letters.ts';

export interface SelectionOptions {
  readonly enrichment?: readonly string[];
  readonly kind?: string;
  readonly code?: string;
  /** Milliseconds. */
  readonly since?: number;
}

export interface Failures {
  readonly client: DatabaseClient;
  readonly definition: Definition;
  readonly tables: readonly EnrichmentTables[];
  readonly filter: FailureFilter;
  /** What the reader could not decode and nobody has dropped, the newest first. */
  readonly letters: readonly CaptureLetter[];
}

/** The failures that the options pick, for the time of `work`. */
export async function withFailures<Result>(
  invocation: Invocation,
  options: SelectionOptions,
  ids: readonly string[],
  work: (failures: Failures) => Promise<Result>,
): Promise<Result> {
  const definition = await requireDefinition(invocation);
  const names = options.enrichment ?? [CAPTURE, ...Object.keys(definition.enrichments)];
  const enrichments = names.filter((name) => name !== CAPTURE);
  for (const name of enrichments) requireEnrichment(definition, name);
  for (const id of ids) requireId(id);
  const { databaseUrl: url } = chooseParts(invocation);
  const client = await connectDatabase({ url, applicationName: 'afterglow dead' });
  try {
    const tables: EnrichmentTables[] = [];
    for (const name of enrichments) tables.push(await readEnrichmentTables(client, name));
    const filter = filterOf(options, ids);
    const letters = names.includes(CAPTURE)
      ? await undroppedLetters(client, await readCaptureLetters(invocation, definition.pipeline, filter))
      : [];
    return await work({ client, definition, tables, filter, letters });
  } finally {
    await client.end();
  }
}

async function undroppedLetters(
  client: DatabaseClient,
  letters: readonly CaptureLetter[],
): Promise<readonly CaptureLetter[]> {
  if (letters.length === 0) return [];
  const dropped = await droppedAmong(
    client,
    letters.map(({ id }) => id),
  );
  return letters.filter(({ id }) => !dropped.has(id));
}

/** Rows and changes together. */
export async function countAll({ client, tables, filter, letters }: Failures): Promise<number> {
  const counts = await countFailures(client, tables, filter);
  return [...counts.values()].reduce((sum, count) => sum + count, letters.length);
}

function filterOf({ kind, code, since }: SelectionOptions, ids: readonly string[]): FailureFilter {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(code === undefined ? {} : { code }),
    ...(since === undefined ? {} : { withinMs: since }),
    ...(ids.length === 0 ? {} : { ids }),
  };
}

const ID_BEGINNING = /^[0-9a-f]{4,64}$/;

function requireId(id: string): void {
  if (ID_BEGINNING.test(id)) return;
  throw new AfterglowError('usage', `"${id}" is not the id of a failure, nor the beginning of one.`, {
    remedy: 'See `afterglow dead list`; four characters are the least.',
  });
}

/** What changes many rows at once wants to be told which. */
export function requireSelection(
  { enrichment, kind, code, since, all }: SelectionOptions & { readonly all?: boolean },
  ids: readonly string[],
): void {
  const picks = [enrichment, kind, code, since].some((option) => option !== undefined) || ids.length > 0;
  if (picks || all === true) return;
  throw new AfterglowError('usage', 'It is not said which failures are meant.', {
    remedy: 'Name ids, pick with --enrichment, --kind, --code or --since, or say --all.',
  });
}
