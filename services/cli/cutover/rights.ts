// What others may do with tables that change places stays with the name: privileges, row level security and its policies.
import { type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { qualifiedName } from '../../../shared/side-tables/names.ts';
import type { TablePair } from './table-pairs.ts';

interface Privilege {
  /** Empty: everybody. */
  readonly role: string;
  readonly privilege: string;
  /** null: the table as a whole. */
  readonly column: string | null;
  readonly grantable: boolean;
}

interface Policy {
  readonly name: string;
  readonly permissive: string;
  readonly roles: readonly string[];
  readonly command: string;
  readonly using: string | null;
  readonly check: string | null;
}

interface Rights {
  readonly privileges: readonly Privilege[];
  readonly policies: readonly Policy[];
  readonly isRowSecure: boolean;
  readonly isForced: boolean;
}

const PRIVILEGES = `
  select given.column, coalesce(role.rolname::text, '') as role, given.privilege_type as privilege, given.is_grantable as grantable
    from (select null::text as column, relation.relowner as owner, acl.*
            from pg_class relation, aclexplode(relation.relacl) acl where relation.oid = $1::regclass
          union all
          select a.attname::text, relation.relowner, acl.*
            from pg_class relation join pg_attribute a on a.attrelid = relation.oid and not a.attisdropped, aclexplode(a.attacl) acl
           where relation.oid = $1::regclass) as given
    left join pg_roles role on role.oid = given.grantee
   where given.grantee <> given.owner order by 1, 2, 3`;

const POLICIES = `
  select policyname::text as name, permissive, to_json(roles)::text as roles, cmd as command, qual as using, with_check as check
    from pg_policies where schemaname = $1 and tablename = $2 order by 1`;

const SECURITY =
  'select relrowsecurity as is_row_secure, relforcerowsecurity as is_forced from pg_class where oid = $1::regclass';

async function readRights(client: Queryable, schema: string, table: string): Promise<Rights> {
  const name = qualifiedName(schema, table);
  const { rows: privileges } = await client.query<Privilege>(PRIVILEGES, [name]);
  const { rows: policies } = await client.query<Omit<Policy, 'roles'> & { roles: string }>(POLICIES, [
    schema,
    table,
  ]);
  const { rows: security } = await client.query<{ is_row_secure: boolean; is_forced: boolean }>(SECURITY, [
    name,
  ]);
  return {
    privileges,
    policies: policies.map((policy) => ({ ...policy, roles: JSON.parse(policy.roles) as string[] })),
    isRowSecure: security[0]?.is_row_secure === true,
    isForced: security[0]?.is_forced === true,
  };
}

/** To be called before the exchange; what it returns is to be run behind it. */
export async function rightsStatements(
  client: Queryable,
  { schema, own, other }: TablePair,
): Promise<readonly string[]> {
  // So that names in the text of a policy come with their schemas.
  await client.query(
    "select set_config('afterglow.search_path', current_setting('search_path'), true), set_config('search_path', 'pg_catalog', true)",
  );
  const ofOwn = await readRights(client, schema, own);
  const ofOther = await readRights(client, schema, other);
  await client.query("select set_config('search_path', current_setting('afterglow.search_path'), true)");
  return [
    ...changed(qualifiedName(schema, own), ofOther, ofOwn),
    ...changed(qualifiedName(schema, other), ofOwn, ofOther),
  ];
}

/** Pure: what gives the table that has these rights those. */
export function changed(table: string, has: Rights, wanted: Rights): readonly string[] {
  const textOf = (privileges: readonly Privilege[]): ReadonlySet<string> =>
    new Set(privileges.map((privilege) => JSON.stringify(privilege)));
  const had = textOf(has.privileges);
  const isSame =
    had.size === wanted.privileges.length && [...textOf(wanted.privileges)].every((each) => had.has(each));
  return [
    ...(isSame
      ? []
      : has.privileges.map(
          (each) => `revoke ${privilegeText(each)} on ${table} from ${roleText(each.role)} cascade`,
        )),
    ...(isSame
      ? []
      : wanted.privileges.map(
          (each) =>
            `grant ${privilegeText(each)} on ${table} to ${roleText(each.role)}${each.grantable ? ' with grant option' : ''}`,
        )),
    ...has.policies.map(({ name }) => `drop policy ${quoteIdentifier(name)} on ${table}`),
    ...wanted.policies.map((policy) => policyStatement(table, policy)),
    ...switched(table, 'row level security', has.isRowSecure, wanted.isRowSecure, ['enable', 'disable']),
    ...switched(table, 'row level security', has.isForced, wanted.isForced, ['force', 'no force']),
  ];
}

const privilegeText = ({ privilege, column }: Privilege): string =>
  column === null ? privilege : `${privilege} (${quoteIdentifier(column)})`;
const roleText = (role: string): string => (role === '' ? 'public' : quoteIdentifier(role));

function policyStatement(table: string, { name, permissive, roles, command, using, check }: Policy): string {
  const to = roles.map((role) => (role === 'public' ? role : quoteIdentifier(role))).join(', ');
  return [
    `create policy ${quoteIdentifier(name)} on ${table} as ${permissive} for ${command} to ${to}`,
    ...(using === null ? [] : [`using (${using})`]),
    ...(check === null ? [] : [`with check (${check})`]),
  ].join(' ');
}

function switched(
  table: string,
  what: string,
  has: boolean,
  wanted: boolean,
  [on, off]: readonly [string, string],
): readonly string[] {
  return has === wanted ? [] : [`alter table ${table} ${wanted ? on : off} ${what}`];
}
