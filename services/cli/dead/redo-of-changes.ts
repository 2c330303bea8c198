import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
import type { RowKey } from '../../../shared/contracts/events.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { replayLetters } from '../../../shared/side-tables/failures.ts';
import { readEnrichmentTables } from '../../../shared/side-tables/read-tables.ts';
import type { KeyTexts, NewRedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { CAPTURE, type CaptureLetter } from './capture-letters.ts';

type Source = Definition['sources'][string]['table'];

/** What brings the row of a change that could not be decoded back in line. */
export interface RedoOfChange {
  /** Undefined: nothing names the row, or nobody enriches it. */
  readonly redo:
    | { readonly table: Source; readonly enrichments: readonly string[]; readonly keys: readonly RowKey[] }
    | undefined;
  /** A sentence for whoever asks. */
  readonly remedy: string;
}

export function redoOf(definition: Definition, { id, table, key, oldKey }: CaptureLetter): RedoOfChange {
  const found = Object.entries(definition.sources).find(
    ([, source]) => `${source.table.schema}.${source.table.name}` === table,
  );
  if (found === undefined) {
    return { redo: undefined, remedy: `No source of the definition is ${table ?? 'its table'}: drop it.` };
  }
  const [name, source] = found;
  // A row that got a key which is too long to be told has an old one all the same, and a result under it.
  const keys = [key, oldKey].filter((each) => each !== null);
  if (keys.length === 0) {
    const remedy = `Nothing names its row: run \`npx afterglow backfill ${name}\`, with --where if you know more, then drop it.`;
    return { redo: undefined, remedy };
  }
  const enrichments = enrichmentsOfTable(definition, source.table);
  if (enrichments.length === 0) return { redo: undefined, remedy: `Nothing enriches ${table}: drop it.` };
  return {
    redo: { table: source.table, enrichments, keys },
    remedy: `Run \`npx afterglow dead replay ${id.slice(0, 12)}\` to have its row read again.`,
  };
}

/** One job for each table; letters that lead to one are not listed any more. Returns the numbers of the jobs. */
export async function replayChanges(
  client: DatabaseClient,
  definition: Definition,
  letters: readonly CaptureLetter[],
): Promise<readonly string[]> {
  const redone = letters.flatMap((letter) => {
    const { redo } = redoOf(definition, letter);
    return redo === undefined ? [] : [{ ...redo, letter }];
  });
  const jobs: string[] = [];
  for (const [{ schema, name }, changes] of Map.groupBy(redone, ({ table }) => table)) {
    const enrichments = changes[0]?.enrichments ?? [];
    const columns = await keyColumnsOf(client, enrichments);
    const texts = changes.flatMap((change) => change.keys.flatMap((key) => textsOf(columns, key)));
    const keys = new Map(texts.map((key) => [JSON.stringify(key), key]));
    const job: NewRedoJob = { schema, table: name, reason: 'replay', enrichments, keys: [...keys.values()] };
    const ids = changes.map(({ letter }) => letter.id);
    jobs.push(await replayLetters(client, CAPTURE, ids, job));
  }
  return jobs;
}

/** The state tables of all of them have the key of their source. */
async function keyColumnsOf(
  client: DatabaseClient,
  enrichments: readonly string[],
): Promise<readonly string[]> {
  const [first] = enrichments;
  if (first === undefined) return [];
  return (await readEnrichmentTables(client, first)).keyColumns.map(({ name }) => name);
}

/**
 * By name: a parsed key has columns whose names are numbers first. None where the table has another key by now: the repair
 * that followed has read every row.
 */
function textsOf(columns: readonly string[], key: RowKey): readonly KeyTexts[] {
  return columns.every((name) => name in key) ? [columns.map((name) => String(key[name]))] : [];
}
