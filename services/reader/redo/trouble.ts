// What a job's own statements may meet. Everything else is the connection's trouble, and ends the session.
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { Fault } from '../../../shared/errors/policy.ts';
import { sqlState } from '../../../shared/postgres/connect.ts';
import { isTransient } from '../../../shared/postgres/transient.ts';

export interface Trouble {
  readonly code: string;
  /** The same statement may well succeed later. */
  readonly isPassing: boolean;
  /** For whoever made the job; never a row value. */
  readonly told: string;
}

/** Lock time-out, serialization, deadlock: somebody else's work was in the way. */
const PASSING = new Set(['55P03', '40001', '40P01']);
/** Syntax, names and rights; features; data; read-only transaction; too slow. */
const OF_THE_JOB = /^(42|0A|22|25006|57014|2F|38)/;
/** Their messages name tables, columns and rights, never a value. */
const TELLABLE = /^(42|0A)/;

export function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof RangeError) return { code: 'range', isPassing: false, told: error.message };
  if (error instanceof AfterglowError || error instanceof Fault) {
    if (isTransient(error)) return undefined;
    return { code: error.code, isPassing: false, told: error.message };
  }
  const code = sqlState(error);
  if (code === undefined) return undefined;
  if (PASSING.has(code)) return { code, isPassing: true, told: code };
  if (!OF_THE_JOB.test(code)) return undefined;
  const message = error instanceof Error && TELLABLE.test(code) ? error.message : MEANINGS[code];
  return { code, isPassing: false, told: message === undefined ? code : `${code}: ${message}` };
}

const MEANINGS: Readonly<Record<string, string>> = {
  '25006': 'the condition changes data',
  '57014': 'a chunk took longer than the statement time-out',
};
