import { hash } from 'node:crypto';
import type { Row } from '../contracts/events.ts';
import { asFault, type Fault } from '../errors/policy.ts';
import type { EnrichmentProgram } from '../expressions/enrichment-program.ts';
import type { RowInput } from './model.ts';

/** What the definition makes of a row, before any model is asked. */
export type ReadRow =
  | { readonly kind: 'ask'; readonly input: RowInput }
  /** `when` leaves it out. */
  | { readonly kind: 'skipped' }
  /** An expression failed on it. */
  | { readonly kind: 'failed'; readonly fault: Fault };

/** Pure. `nowMs` is the commit of the change, so that the audit computes the same at any later time. */
export function readRow(program: EnrichmentProgram, row: Row, nowMs: number): ReadRow {
  try {
    if (!program.when(row, nowMs)) return { kind: 'skipped' };
    const input = program.input(row, nowMs);
    const language = program.language(row);
    return { kind: 'ask', input: language === undefined ? { input } : { input, language } };
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind !== 'input') throw error;
    return { kind: 'failed', fault };
  }
}

/** SHA-256 of what the expressions gave, before any cutting: what audit and state compare. */
export function inputHashOf(row: RowInput): string {
  return hash('sha256', JSON.stringify([row.input, row.language ?? null]), 'hex');
}
