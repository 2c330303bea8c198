import { AfterglowError } from '../errors/catalogue.ts';
import { Fault } from '../errors/policy.ts';
import { sqlState } from './connect.ts';

/** SQLSTATE classes and codes after which the same statement may well succeed. */
const TRANSIENT_STATES = new Set([
  '40001', // serialization failure
  '40P01', // deadlock
  '25006', // read-only: the endpoint leads to a node that is not the writer (any more)
  '53000', // insufficient resources
  '53100', // disk full
  '53200', // out of memory
  '53300', // too many connections
  '55006', // the slot is in use: the reader before us has not gone yet
  '55P03', // lock not available
  '57014', // cancelled by statement_timeout
  '57P01', // shut down by an administrator
  '57P02', // crash shutdown
  '57P03', // starting up
]);
const CONNECTION_EXCEPTION_CLASS = '08';
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
  if (state !== undefined) return TRANSIENT_STATES.has(state) || state.startsWith(CONNECTION_EXCEPTION_CLASS);
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') return TRANSIENT_SYSTEM_CODES.has(error.code);
  return /^Connection terminated|^timeout expired|^Client has encountered a connection error/.test(
    error.message,
  );
}
