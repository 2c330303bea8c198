import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { describeDatabase, quoteIdentifier, sqlState } from '../../../shared/postgres/connect.ts';

const REFUSED = new Set(['28000', '28P01']);

/** A server that answers and refuses the login is no question of address or route: said as what it is. */
export function explainLogin(error: unknown, url: string): unknown {
  const state = error instanceof AfterglowError ? sqlState(error.cause) : undefined;
  if (state === undefined || !REFUSED.has(state)) return error;
  const user = decodeURIComponent(new URL(url).username);
  const mend =
    user === ''
      ? 'it names no user.'
      : `or as an administrator: alter role ${quoteIdentifier(user)} login password '<that of DATABASE_URL>';`;
  return new AfterglowError(
    'database_login_refused',
    `${describeDatabase(url)} answers, but refuses the user or the password (${state}).`,
    { cause: error, remedy: `Check user and password in DATABASE_URL; ${mend}` },
  );
}
