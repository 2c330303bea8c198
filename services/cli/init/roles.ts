import { quoteIdentifier, quoteLiteral } from '../../../shared/postgres/connect.ts';
import {
  ACTIVITY_ROLE,
  dollarQuoted,
  ROLES,
  type Role,
  roleName,
} from '../../../shared/side-tables/names.ts';
import { scramVerifier } from './scram.ts';
import type { InitState } from './state.ts';
import { type SqlStep, sqlStep } from './step.ts';

export type LoginPasswords = Readonly<Partial<Record<Role, string>>>;

export const missingRoles = (pipeline: string, state: InitState): readonly string[] =>
  ROLES.map((role) => roleName(pipeline, role)).filter((name) => !state.roles.has(name));

/** Roles belong to the whole server: another database may make the same one at this very moment. */
const createRole = (name: string): string =>
  `do ${dollarQuoted(`begin create role ${quoteIdentifier(name)} nologin; exception when duplicate_object or unique_violation then null; end`)}`;

export function roleSteps(
  pipeline: string,
  state: InitState,
  loginPasswords: LoginPasswords | undefined,
): readonly SqlStep[] {
  const logins = ROLES.flatMap((role) => {
    const password = loginPasswords?.[role];
    return password === undefined ? [] : [login(pipeline, role, password, state)];
  });
  return [
    ...sqlStep(
      'roles',
      'each service gets what it needs and no more',
      missingRoles(pipeline, state).map(createRole),
    ),
    ...sqlStep('logins of the services', 'so that each runs under its own role', logins),
  ];
}

function login(pipeline: string, role: Role, password: string, state: InitState): string {
  const name = roleName(pipeline, role);
  const replication = role === 'reader' && !state.server.hasRdsReplication ? ' replication' : '';
  // Only a verifier is sent: a statement may end up in a log.
  return `alter role ${quoteIdentifier(name)} login${replication} password ${quoteLiteral(scramVerifier(password))}`;
}

/** Apart from the others, because it locks that role of the whole server: as late as possible. */
export function activitySteps(pipeline: string, state: InitState): readonly SqlStep[] {
  const reader = roleName(pipeline, 'reader');
  const isNeeded = state.server.mayGrantActivity && state.roles.get(reader)?.seesActivity !== true;
  return sqlStep(
    'sight of open transactions',
    'the reader has to tell one that waits from one that is about to be seen, and how long it has been open',
    isNeeded ? [grantActivity(reader)] : [],
  );
}

export const grantActivity = (role: string): string => `grant ${ACTIVITY_ROLE} to ${quoteIdentifier(role)}`;

/** What a person has to do so that a login role of theirs may run a service. */
export function roleNotes(pipeline: string, state: InitState): readonly string[] {
  const reader = quoteIdentifier(roleName(pipeline, 'reader'));
  const replication = state.server.hasRdsReplication
    ? 'grant rds_replication to <login role>'
    : 'alter role <login role> replication';
  const activity = state.server.mayGrantActivity
    ? []
    : [
        `Let the reader see how long transactions of others are open, which role ${state.server.user} may not grant: ${grantActivity(roleName(pipeline, 'reader'))}.`,
      ];
  return [
    ...activity,
    `Let the login role of each service into its group, e.g. grant ${reader} to <login role>; the reader's needs replication of its own, which a group cannot give: ${replication}.`,
    `Whoever reads results: grant ${quoteIdentifier(roleName(pipeline, 'viewer'))} to <role>; for the views that role needs select on the source tables, too.`,
  ];
}
