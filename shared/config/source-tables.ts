// What a table must be like to be a source: changes in the log, and a key that names a row the same way everywhere.
import type { Column, Table } from '../postgres/catalog.ts';
import type { Source } from './definition.ts';
import type { Finding } from './mistake.ts';
import { nearest } from './nearest.ts';

export function sourceTableFindings(name: string, source: Source, table: Table): readonly Finding[] {
  const path = ['sources', name, 'table'];
  const problem = keyProblem(table);
  return [
    ...(problem === undefined ? [] : [{ path, ...problem }]),
    ...source.exclude.flatMap((excluded, index): readonly Finding[] => {
      const at = ['sources', name, 'exclude', index];
      if (table.key.includes(excluded)) {
        const message = 'this is a key column, and every event names its row by the key';
        return [{ path: at, message, instead: 'the other columns only' }];
      }
      if (table.columns.some((column) => column.name === excluded)) return [];
      const instead = nearest(
        excluded,
        table.columns.map((column) => column.name),
      );
      return [{ path: at, message: 'the table has no such column', instead }];
    }),
  ];
}

/** Why no row of this table could be named, with the fix; undefined when it can. */
export function keyProblem(table: Table): { readonly message: string; readonly instead: string } | undefined {
  if (table.kind === 'other') {
    return {
      message: 'this is not a table, so its changes are not in the log',
      instead: 'the table below it',
    };
  }
  if (table.key.length === 0) {
    return { message: 'the table has no replica identity that names a row', instead: keyRemedy(table) };
  }
  for (const name of table.key) {
    const column = table.columns.find((each) => each.name === name);
    const why = column === undefined ? undefined : unfitForKey(column);
    if (why !== undefined)
      return { message: `its key column ${name} ${why}`, instead: otherKeyRemedy(table) };
  }
  return undefined;
}

function unfitForKey(column: Column): string | undefined {
  if (['numeric', 'float4', 'float8'].includes(column.base)) {
    return `is ${column.type}, and equal numbers of this type may be written in several ways`;
  }
  if (column.array) return 'is an array';
  if (!column.collationDeterministic) return 'has a collation in which different texts are equal';
  return undefined;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const sqlName = (table: Table): string => `${quote(table.schema)}.${quote(table.name)}`;

export function keyRemedy(table: Table): string {
  if (table.replicaIdentity === 'nothing')
    return `SQL: alter table ${sqlName(table)} replica identity default`;
  return (
    `SQL: alter table ${sqlName(table)} add primary key (…), ` +
    'or replica identity using index <a unique index on not-null columns>'
  );
}

function otherKeyRemedy(table: Table): string {
  return (
    `SQL: alter table ${sqlName(table)} replica identity using index ` +
    '<a unique index on not-null columns of type integer, bigint, text or uuid>'
  );
}
