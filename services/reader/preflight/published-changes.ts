// Compares what is published with what was published when the position was stored. Pure.
import type { PublishedObjects, PublishedTable, TableName } from '../../../shared/postgres/published.ts';

/** incomplete: what is missing now sends nothing. remade, identity: it is there, and rows before that were never sent. */
export type PublishedChangeKind =
  | 'incomplete'
  /** Everything is sent, but not as what the definition names: nothing is lost. */
  | 'by_partition'
  /** It is as it was, but was not in between: nobody can tell what it left out. */
  | 'altered'
  | 'remade'
  | 'identity'
  /** Columns and their list changed together, as the documented ALTER in one transaction does: nothing has to be lost. */
  | 'columns';

export interface PublishedChange {
  readonly kind: PublishedChangeKind;
  /** null: the publication, and so every table. */
  readonly table: PublishedTable | null;
  /** Completes "publication … " or "table … ". */
  readonly what: string;
}

export function missingNow(now: PublishedObjects): readonly PublishedChange[] {
  if (now.publication === null) return [{ kind: 'incomplete', table: null, what: 'does not exist' }];
  if (!now.isWhole) {
    return [{ kind: 'incomplete', table: null, what: 'leaves out inserts, updates, deletes or truncates' }];
  }
  return now.tables.flatMap((table): PublishedChange[] => {
    if (table.oid === null) return [{ kind: 'incomplete', table, what: 'does not exist' }];
    if (table.isPartitioned && table.member !== null && !now.isByRoot) {
      const what = 'is published by its partitions, not by itself (publish_via_partition_root is off)';
      return [{ kind: 'by_partition', table, what }];
    }
    if (!table.isPublished) return [{ kind: 'incomplete', table, what: 'is not in the publication' }];
    return [];
  });
}

/** What is different now; tables that are new or no longer wanted are no difference. */
export function publishedChanges(
  recorded: PublishedObjects | undefined,
  now: PublishedObjects,
): readonly PublishedChange[] {
  const missing = missingNow(now);
  if (recorded === undefined || missing.some(({ table }) => table === null)) return missing;
  if (recorded.publication !== now.publication) {
    return [{ kind: 'remade', table: null, what: 'was dropped and made again' }];
  }
  const isAltered = (recorded.alteredBy ?? now.alteredBy) !== now.alteredBy;
  const before = new Map(recorded.tables.map((table) => [nameOf(table), table]));
  const gone = new Set(missing.map(({ table }) => table));
  return [
    ...(isAltered ? [ALTERED] : []),
    ...missing,
    ...now.tables.flatMap((table) => {
      const earlier = before.get(nameOf(table));
      return earlier === undefined || gone.has(table) ? [] : tableChange(earlier, table);
    }),
  ];
}

const ALTERED: PublishedChange = {
  kind: 'altered',
  table: null,
  what: 'was altered, and may have left out operations for a while',
};

function tableChange(earlier: PublishedTable, table: PublishedTable): readonly PublishedChange[] {
  if (earlier.oid !== table.oid) return [{ kind: 'remade', table, what: 'was dropped and made again' }];
  if (earlier.identity !== table.identity || !same(earlier.key, table.key)) {
    return [{ kind: 'identity', table, what: 'has another replica identity or key' }];
  }
  if (earlier.filter !== table.filter) {
    return [{ kind: 'remade', table, what: 'is published with another row filter' }];
  }
  if (earlier.member === table.member) return [];
  const isAltered = !same(earlier.columns, table.columns) || !same(earlier.types, table.types);
  return isAltered
    ? [{ kind: 'columns', table, what: 'was published anew with other columns' }]
    : [{ kind: 'remade', table, what: 'was taken out of the publication and put back' }];
}

/** Whose rows may be missing. */
export function concernedTables(
  changes: readonly PublishedChange[],
  { tables }: PublishedObjects,
): readonly TableName[] {
  const lossy = changes.filter(({ kind }) => kind !== 'by_partition');
  if (lossy.some(({ table }) => table === null)) return tables;
  return lossy.flatMap(({ table }) => (table === null ? [] : [table]));
}

export const nameOf = ({ schema, name }: Pick<PublishedTable, 'schema' | 'name'>): string =>
  `${schema}.${name}`;
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** One sentence for all of them; names only, so that it can be logged. */
export function describeChanges(publication: string, changes: readonly PublishedChange[]): string {
  const parts = changes.map(({ table, what }) =>
    table === null ? `publication ${publication} ${what}` : `table ${nameOf(table)} ${what}`,
  );
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
