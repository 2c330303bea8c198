import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { publicationName, qualifiedName } from '../../../shared/side-tables/names.ts';
import type { PublishedTable } from './publication-state.ts';
import type { RealSource } from './sources.ts';
import type { InitState } from './state.ts';
import { type SqlStep, sqlStep } from './step.ts';

const OPTIONS = "publish = 'insert, update, delete, truncate', publish_via_partition_root = true";

/** Makes the publication, or fits the one that is there; what already fits keeps its identity, which the reader watches. */
export function publicationSteps(
  pipeline: string,
  sources: readonly RealSource[],
  state: InitState,
): readonly SqlStep[] {
  const name = publicationName(pipeline);
  const publication = quoteIdentifier(name);
  const tables = sources.map(publishedTable).join(', ');
  const existing = state.publication;
  if (existing === undefined) {
    const forTables = sources.length === 0 ? '' : ` for table ${tables}`;
    return sqlStep(
      `publication ${name}`,
      'the log then carries the changes of the sources, and of nothing else',
      [`create publication ${publication}${forTables} with (${OPTIONS})`],
    );
  }
  if (existing.allTables || existing.schemas) {
    throw new AfterglowError(
      'publication_foreign',
      `Publication ${name} publishes ${existing.allTables ? 'all tables' : 'whole schemas'}.`,
      {
        remedy: `Drop it if nobody needs it (drop publication ${publication}), or use another pipeline name.`,
      },
    );
  }
  const differences = sources.flatMap((source) => difference(source, existing.tables));
  const surplus = existing.tables.filter(
    (table) => !sources.some(({ schema, table: name_ }) => schema === table.schema && name_ === table.name),
  );
  const reasons = [
    ...differences,
    ...surplus.map((table) => `${table.schema}.${table.name} is no source any more`),
  ];
  return [
    ...sqlStep(
      `publication ${name}`,
      reasons.join('; '),
      reasons.length === 0 ? [] : alterTables(publication, tables, existing.tables),
    ),
    ...sqlStep(
      `publication ${name}`,
      'every kind of change is published, by the root of a partitioned table',
      existing.publishesAll && existing.viaRoot ? [] : [`alter publication ${publication} set (${OPTIONS})`],
    ),
  ];
}

function alterTables(
  publication: string,
  tables: string,
  existing: readonly PublishedTable[],
): readonly string[] {
  if (tables !== '') return [`alter publication ${publication} set table ${tables}`];
  const dropped = existing.map(({ schema, name }) => qualifiedName(schema, name)).join(', ');
  return [`alter publication ${publication} drop table ${dropped}`];
}

function publishedTable({ schema, table, published }: RealSource): string {
  const columns = published === null ? '' : ` (${published.map(quoteIdentifier).join(', ')})`;
  return `${qualifiedName(schema, table)}${columns}`;
}

/** Whether the publication has this table just as it should be. */
export function isPublished(source: RealSource, existing: readonly PublishedTable[]): boolean {
  return difference(source, existing).length === 0;
}

function difference(source: RealSource, existing: readonly PublishedTable[]): readonly string[] {
  const shown = `${source.schema}.${source.table}`;
  const found = existing.find(({ schema, name }) => schema === source.schema && name === source.table);
  if (found === undefined) return [`${shown} is missing`];
  if (found.hasRowFilter) return [`${shown} has a row filter, which would turn updates into deletes`];
  const wanted = source.published;
  if (found.columns === null && wanted === null) return [];
  if (found.columns === null) return [`${shown} publishes its excluded columns`];
  if (wanted === null) return [`${shown} has a column list, which hides new columns`];
  const same = new Set(found.columns).symmetricDifference(new Set(wanted));
  return same.size === 0 ? [] : [`${shown} has another column list: ${[...same].join(', ')}`];
}
