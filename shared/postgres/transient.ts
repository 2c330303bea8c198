import { AfterglowError } from '../errors/catalogue.ts';
import { Fault } from '../errors/policy.ts';
import { sqlState } from './connect.ts';
import { isTransientState } from './sql-states.ts';

const TRANSIENT_SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);

/** Whether to wait and try again, told by codes, never by texts: except for the driver, which gives a lost connection none. */
export function isTransient(error: unknown): boolean {
  if (error instanceof AfterglowError)
    return error.code === 'database_unreachable' || error.code === 'kafka_unreachable';
  if (error instanceof Fault) return error.kind === 'unavailable' || error.kind === 'throttled';
  const state = sqlState(error);
  if (state !== undefined) return isTransientState(state);
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') return TRANSIENT_SYSTEM_CODES.has(error.code);
  return (
    gotNoAnswer(error) ||
    /^Connection terminated|^timeout (expired|exceeded)|^Client has encountered a connection error/.test(
      error.message,
    )
  );
}

/** None within `query_timeout`: the server is not there, or several statements sent together took longer than one may. */
export const gotNoAnswer = (error: unknown): boolean =>
  error instanceof Error && error.message === 'Query read timeout';
