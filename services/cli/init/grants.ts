// Who may do what: the least that each service needs. Plain data, compared with what the database says, so that a second
// set-up grants nothing anew.
import { type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { qualifiedName } from '../../../shared/side-tables/names.ts';

export interface Grant {
  readonly role: string;
  readonly privilege: 'USAGE' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly schema: string;
  /** null: on the schema itself. */
  readonly table: string | null;
  /** null: on the whole table. */
  readonly column: string | null;
}

export const grantKey = ({ role, privilege, schema, table, column }: Grant): string =>
  JSON.stringify([role, privilege, schema, table, column]);

const HELD = `
  with role as (select oid, rolname::text as name from pg_roles where rolname = any($1)
                union all select 0, 'public' where 'public' = any($1))
  select role.name as role, acl.privilege_type as privilege, n.nspname::text as schema, null as table, null as column
    from pg_namespace n cross join lateral aclexplode(n.nspacl) acl join role on role.oid = acl.grantee
  union all
  select role.name, acl.privilege_type, n.nspname::text, c.relname::text, null
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join lateral aclexplode(c.relacl) acl join role on role.oid = acl.grantee
   where role.oid <> 0
  union all
  select role.name, acl.privilege_type, n.nspname::text, c.relname::text, a.attname::text
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    cross join lateral aclexplode(a.attacl) acl join role on role.oid = acl.grantee
   where role.oid <> 0 and a.attacl is not null and not a.attisdropped`;

/** What these roles were granted in this database; of 'public' only what it may in schemas. */
export async function readGrants(client: Queryable, roles: readonly string[]): Promise<readonly Grant[]> {
  return (await client.query<Grant>(HELD, [roles])).rows;
}

/** One statement for each role and object, in the order of the first grant of each. */
export function grantStatements(grants: readonly Grant[], verb: 'grant' | 'revoke'): readonly string[] {
  const byObject = Map.groupBy(grants, ({ role, schema, table }) => JSON.stringify([role, schema, table]));
  return [...byObject.values()].flatMap((group) => {
    const first = group[0];
    if (first === undefined) return [];
    const byPrivilege = Map.groupBy(group, ({ privilege }) => privilege);
    const privileges = [...byPrivilege].map(([privilege, each]) => {
      const whole = each.some(({ column }) => column === null);
      const columns = each.flatMap(({ column }) =>
        whole || column === null ? [] : [quoteIdentifier(column)],
      );
      return `${privilege.toLowerCase()}${columns.length === 0 ? '' : ` (${columns.join(', ')})`}`;
    });
    const object =
      first.table === null
        ? `schema ${quoteIdentifier(first.schema)}`
        : `table ${qualifiedName(first.schema, first.table)}`;
    const direction = verb === 'grant' ? 'to' : 'from';
    return [`${verb} ${privileges.join(', ')} on ${object} ${direction} ${quoteIdentifier(first.role)}`];
  });
}
