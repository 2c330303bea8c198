import type { Definition } from '../../../shared/config/definition.ts';
import { type Catalog, findTable } from '../../../shared/postgres/catalog.ts';
import { qualifiedName } from '../../../shared/side-tables/names.ts';
import { type Finding, findings } from './finding.ts';

/** Pure: each source is there, and a row of it can be named. */
export function checkTables(definition: Definition, catalog: Catalog): readonly Finding[] {
  const { ok, failed, warning } = findings('tables');
  return Object.values(definition.sources).flatMap(({ table }): readonly Finding[] => {
    const shown = `${table.schema}.${table.name}`;
    const sql = qualifiedName(table.schema, table.name);
    const found = findTable(catalog, table);
    if (found === undefined) {
      return [failed(`Table ${shown} does not exist in this database.`, 'npx afterglow config check')];
    }
    if (found.replicaIdentity === 'nothing') {
      const fix = `alter table ${sql} replica identity default;  -- uses its primary key`;
      return [
        failed(
          `REPLICA IDENTITY of ${shown} is NOTHING: updates and deletes fail once it is published.`,
          fix,
        ),
      ];
    }
    if (found.key.length === 0) {
      const index = `create unique index on ${sql} (<not-null columns>); alter table ${sql} replica identity using index <that index>;`;
      return [
        failed(
          `${shown} has no primary key, so nothing names a row.`,
          `alter table ${sql} add primary key (<columns>);  -- or: ${index}`,
        ),
      ];
    }
    if (found.replicaIdentity === 'full') {
      const fix = `alter table ${sql} replica identity default;  -- when nothing else needs whole old rows`;
      return [
        warning(
          `REPLICA IDENTITY of ${shown} is FULL: every update writes the old row into the log too.`,
          fix,
        ),
      ];
    }
    return [ok(`${shown} is named by ${found.key.join(', ')}`)];
  });
}
