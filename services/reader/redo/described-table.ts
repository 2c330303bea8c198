import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import type { Relation } from '../../../shared/postgres/pgoutput.ts';
import { parseSnapshot, type Snapshot } from '../../../shared/postgres/snapshot.ts';
import { publicationName, qualifiedName } from '../../../shared/side-tables/names.ts';
import { baseOf } from '../../../shared/side-tables/types.ts';

/** A table as its chunk sees it: the columns that the log would have, and how to ask for them. */
export interface DescribedTable {
  /** What the log would say of it at this point. */
  readonly relation: Relation;
  /** SQL: 'only "public"."t"'. Rows of child tables are those tables' own; a partitioned table has no others. */
  readonly from: string;
  /** SQL names of the columns, as in `relation`. */
  readonly columns: readonly string[];
  readonly key: readonly KeyColumn[];
}

export interface KeyColumn {
  /** Among the columns of the relation. */
  readonly place: number;
  readonly sql: string;
  /** SQL text of what its values are cast to, whatever the search_path: of a domain its base, into whose schema `init` lets the reader. */
  readonly type: string;
}

const KIND = `
  select c.relkind as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1 and c.relname = $2`;

const DESCRIBE = `
  select c.oid::int8::text as oid, c.relreplident as identity, a.attname::text as name, a.atttypid::int8::text as type_oid,
         quote_ident(place.nspname) || '.' || quote_ident(whole.typname) as type, pg_current_snapshot()::text as snapshot
    from pg_publication_tables p
    join pg_namespace n on n.nspname = p.schemaname
    join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
    join pg_attribute a on a.attrelid = c.oid and a.attname = any(p.attnames) and not a.attisdropped
    join pg_type type on type.oid = a.atttypid
    join pg_type whole on whole.oid = (${baseOf('type')})
    join pg_namespace place on place.oid = whole.typnamespace
   where p.pubname = $1 and p.schemaname = $2 and p.tablename = $3
   order by a.attnum`;

interface DescriptionRow {
  readonly oid: string;
  readonly identity: string;
  readonly name: string;
  readonly type_oid: string;
  readonly type: string;
  readonly snapshot: string;
}

const IDENTITIES = { d: 'default', i: 'index', f: 'full', n: 'nothing' } as const;

export interface TableToRead {
  readonly pipeline: string;
  readonly schema: string;
  readonly name: string;
  /** Columns that name a row, in index order. */
  readonly key: readonly string[];
}

/**
 * Keeps the columns of the table as they are until the transaction ends, and says which they are; the snapshot is older
 * than that of any statement that follows.
 */
export async function describeTable(
  client: Queryable,
  table: TableToRead,
): Promise<{ readonly described: DescribedTable; readonly snapshot: Snapshot }> {
  const { pipeline, schema, name, key } = table;
  const { rows: kinds } = await client.query<{ kind: string }>(KIND, [schema, name]);
  const from = `${kinds[0]?.kind === 'p' ? '' : 'only '}${qualifiedName(schema, name)}`;
  // Reading no row at all takes the lock that a change of the columns would wait for.
  await client.query(`select from ${from} limit 0`);
  const { rows } = await client.query<DescriptionRow>(DESCRIBE, [publicationName(pipeline), schema, name]);
  const [first] = rows;
  if (first === undefined) {
    throw new AfterglowError('publication_incomplete', `The publication does not hold ${schema}.${name}.`);
  }
  const replicaIdentity = IDENTITIES[first.identity as keyof typeof IDENTITIES];
  const relation: Relation = {
    tag: 'relation',
    oid: Number(first.oid),
    schema,
    name,
    replicaIdentity,
    columns: rows.map((row) => ({
      name: row.name,
      typeOid: Number(row.type_oid),
      partOfKey: replicaIdentity === 'full' || key.includes(row.name),
    })),
  };
  const keyColumns = key.map((column) => {
    const place = rows.findIndex((row) => row.name === column);
    const type = rows[place]?.type;
    if (type === undefined) {
      throw new AfterglowError(
        'publication_incomplete',
        `The publication does not hold key column ${column} of ${schema}.${name}.`,
      );
    }
    return { place, sql: quoteIdentifier(column), type };
  });
  const columns = rows.map((row) => quoteIdentifier(row.name));
  return {
    described: { relation, from, columns, key: keyColumns },
    snapshot: parseSnapshot(first.snapshot),
  };
}
