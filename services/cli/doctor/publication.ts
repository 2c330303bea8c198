import type { Definition } from '../../../shared/config/definition.ts';
import { type Catalog, findTable, type Table } from '../../../shared/postgres/catalog.ts';
import { type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { publicationName, qualifiedName } from '../../../shared/side-tables/names.ts';
import { type Finding, findings } from './finding.ts';

export interface PublishedTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly hasRowFilter: boolean;
}

export interface PublicationFacts {
  /** Undefined: there is none of this name. */
  readonly publication:
    | { readonly operations: readonly string[]; readonly tables: readonly PublishedTable[] }
    | undefined;
}

const OPERATIONS = ['insert', 'update', 'delete', 'truncate'];

export async function readPublicationFacts(client: Queryable, pipeline: string): Promise<PublicationFacts> {
  const name = publicationName(pipeline);
  const { rows } = await client.query<{ operations: string }>(
    `select concat_ws(',', case when pubinsert then 'insert' end, case when pubupdate then 'update' end,
            case when pubdelete then 'delete' end, case when pubtruncate then 'truncate' end) as operations
       from pg_publication where pubname = $1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return { publication: undefined };
  const tables = await client.query<{ schema: string; name: string; columns: string; filtered: boolean }>(
    `select schemaname::text as schema, tablename::text as name, array_to_json(attnames)::text as columns,
            rowfilter is not null as filtered
       from pg_publication_tables where pubname = $1`,
    [name],
  );
  return {
    publication: {
      operations: row.operations.split(','),
      tables: tables.rows.map((table) => ({
        schema: table.schema,
        name: table.name,
        columns: JSON.parse(table.columns) as string[],
        hasRowFilter: table.filtered,
      })),
    },
  };
}

const INIT = 'npx afterglow init';

/** Pure. On PostgreSQL 18 a missing publication is silence, not an error: nobody else would say it. */
export function checkPublication(
  definition: Definition,
  catalog: Catalog,
  facts: PublicationFacts,
): readonly Finding[] {
  const { ok, failed } = findings('publication');
  const name = publicationName(definition.pipeline);
  const { publication } = facts;
  if (publication === undefined) {
    return [failed(`Publication ${name} does not exist, so no change is ever sent.`, INIT)];
  }
  const found: Finding[] = [];
  const silent = OPERATIONS.filter((operation) => !publication.operations.includes(operation));
  if (silent.length > 0) {
    const fix = `alter publication ${quoteIdentifier(name)} set (publish = '${OPERATIONS.join(', ')}');`;
    found.push(failed(`Publication ${name} leaves out ${silent.join(', ')}.`, fix));
  }
  for (const { table, exclude } of Object.values(definition.sources)) {
    const shown = `${table.schema}.${table.name}`;
    const published = publication.tables.find(
      (each) => each.schema === table.schema && each.name === table.name,
    );
    if (published === undefined) {
      const fix = `${INIT}  # or: alter publication ${quoteIdentifier(name)} add table ${qualifiedName(table.schema, table.name)};`;
      found.push(failed(`Publication ${name} does not hold ${shown}: its changes are not sent.`, fix));
      continue;
    }
    if (published.hasRowFilter) {
      const fix = `${INIT}  # after: alter publication ${quoteIdentifier(name)} drop table ${qualifiedName(table.schema, table.name)};`;
      found.push(failed(`Publication ${name} filters the rows of ${shown}: some are never seen.`, fix));
    }
    found.push(...checkColumns(name, shown, exclude, published, findTable(catalog, table)));
  }
  return found.length > 0 ? found : [ok(`publication ${name} holds every source`)];
}

function checkColumns(
  publication: string,
  shown: string,
  exclude: readonly string[],
  published: PublishedTable,
  table: Table | undefined,
): readonly Finding[] {
  const { failed } = findings('publication');
  const wanted = (table?.columns ?? [])
    .filter(({ name, generated }) => generated === null && !exclude.includes(name))
    .map(({ name }) => name);
  const missing = wanted.filter((column) => !published.columns.includes(column));
  const leaking = exclude.filter((column) => published.columns.includes(column));
  // Without its key a row cannot be named, so that is never left out on purpose.
  const isChoice = missing.every((column) => table?.key.includes(column) !== true);
  const excluded = `exclude: [${[...exclude, ...missing].join(', ')}]`;
  return [
    ...(missing.length > 0
      ? [
          failed(
            `Publication ${publication} leaves out ${missing.join(', ')} of ${shown}: not in its column list.`,
            isChoice ? `${INIT}  # or, if they are to stay out, in afterglow.yaml: ${excluded}` : INIT,
          ),
        ]
      : []),
    ...(leaking.length > 0
      ? [
          failed(
            `Publication ${publication} sends ${leaking.join(', ')} of ${shown}, which the definition excludes.`,
            INIT,
          ),
        ]
      : []),
  ];
}
