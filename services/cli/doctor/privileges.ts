import { type Queryable, quoteIdentifier } from '../../../shared/postgres/connect.ts';
import { ACTIVITY_ROLE, type Role, roleName } from '../../../shared/side-tables/names.ts';
import { grantActivity } from '../init/roles.ts';
import { type Finding, findings } from './finding.ts';

export interface PrivilegeFacts {
  readonly user: string;
  readonly isSuperuser: boolean;
  readonly isAmazon: boolean;
  readonly roles: readonly {
    readonly role: Role;
    readonly exists: boolean;
    /** Logins that may run this service; for the reader only those that may also replicate. */
    readonly logins: readonly string[];
    /** Logins that may run the reader except for the missing right to replicate. */
    readonly loginsWithoutReplication: readonly string[];
    /** Logins that may run the reader and do not see how long transactions of others are open. */
    readonly loginsWithoutSight: readonly string[];
  }[];
}

const SERVICES = ['reader', 'enricher', 'writer'] as const satisfies readonly Role[];

export async function readPrivilegeFacts(client: Queryable, pipeline: string): Promise<PrivilegeFacts> {
  const { rows: self } = await client.query<{ user: string; superuser: boolean; amazon: boolean }>(
    `select current_user::text as user, rolsuper as superuser,
            exists (select from pg_roles where rolname = 'rds_replication') as amazon
       from pg_roles where rolname = current_user`,
  );
  const { rows } = await client.query<{
    role: string;
    login: string | null;
    replicates: boolean;
    sees: boolean;
  }>(
    `select wanted.rolname::text as role, member.rolname::text as login,
            coalesce(member.rolreplication or member.rolsuper or exists (select from pg_roles r
              where r.rolname = 'rds_replication' and pg_has_role(member.oid, r.oid, 'USAGE')), false) as replicates,
            coalesce(pg_has_role(member.oid, '${ACTIVITY_ROLE}', 'USAGE'), false) as sees
       from pg_roles wanted
       left join pg_roles member on member.rolcanlogin and not member.rolsuper and pg_has_role(member.oid, wanted.oid, 'USAGE')
      where wanted.rolname = any($1)`,
    [SERVICES.map((role) => roleName(pipeline, role))],
  );
  const [me] = self;
  return {
    user: me?.user ?? '',
    isSuperuser: me?.superuser === true,
    isAmazon: me?.amazon === true,
    roles: SERVICES.map((role) => {
      const found = rows.filter((row) => row.role === roleName(pipeline, role));
      const logins = found.filter(({ login }) => login !== null);
      const names = (wanted: typeof logins): string[] => wanted.map(({ login }) => login ?? '');
      const mayRun = role === 'reader' ? logins.filter(({ replicates }) => replicates) : logins;
      return {
        role,
        exists: found.length > 0,
        logins: names(mayRun),
        loginsWithoutReplication: names(logins.filter((login) => !mayRun.includes(login))),
        loginsWithoutSight: role === 'reader' ? names(mayRun.filter(({ sees }) => !sees)) : [],
      };
    }),
  };
}

/** Pure: each service has a login with its least rights. A superuser may do everything, which is more than a service needs. */
export function checkPrivileges(pipeline: string, facts: PrivilegeFacts): readonly Finding[] {
  const { ok, failed, warning } = findings('privileges');
  const logins = facts.roles.map(({ role, exists, logins, loginsWithoutReplication }) => {
    const name = roleName(pipeline, role);
    const isUsable = logins.length > 0;
    if (!exists) return failed(`Role ${name} does not exist.`, 'npx afterglow init');
    if (isUsable) return ok(`the ${role} may log in as ${logins.join(', ')}`);
    const [almost] = loginsWithoutReplication;
    const login = quoteIdentifier(almost ?? `${pipeline}_${role}_login`);
    const replicate = facts.isAmazon
      ? `grant rds_replication to ${login};`
      : `alter role ${login} replication;`;
    if (almost !== undefined) return failed(`${almost} may run the reader, but not replicate.`, replicate);
    const grant = `create role ${login} login password '…'; grant ${quoteIdentifier(name)} to ${login};${role === 'reader' ? ` ${replicate}` : ''}`;
    if (facts.isSuperuser) {
      return warning(
        `No login but superusers such as ${facts.user} may run the ${role}: that is more than it needs.`,
        grant,
      );
    }
    return failed(`No login may run the ${role}.`, grant);
  });
  const blind = facts.roles.flatMap(({ loginsWithoutSight }) => loginsWithoutSight);
  if (blind.length === 0) return logins;
  const message = `${blind.join(', ')} does not see how long transactions of others are open: a redo may wait until they end.`;
  return [...logins, warning(message, `${grantActivity(roleName(pipeline, 'reader'))};`)];
}
