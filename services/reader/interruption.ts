import { Fault } from '../../shared/errors/policy.ts';
import { isCertificateError } from '../../shared/postgres/certificate-errors.ts';
import { sqlState } from '../../shared/postgres/connect.ts';
import { asksForLook } from '../../shared/postgres/sql-states.ts';

/**
 * What a session ended with. A certificate that is refused in the middle of one is so at the next look, too, and that one says
 * where and what to do. A code of the server about the slot decides nothing: the next session begins with a look at
 * the server, and that decides whether to go on, to wait or to halt.
 */
export function interruption(error: unknown): unknown {
  if (isCertificateError(error)) {
    return new Fault('unavailable', 'certificate', 'a connection to the database was refused by us', {
      cause: error,
    });
  }
  const state = sqlState(error);
  if (state === undefined || !asksForLook(state)) return error;
  return new Fault('unavailable', state, `the server ended the work with the slot (SQLSTATE ${state})`, {
    cause: error,
  });
}
