// Whether what stands beside a row is what the row asks for. Pure: the same for the whole table, a suspect and a test.
import type { Row } from '../../../shared/contracts/events.ts';
import type { EnrichmentProgram } from '../../../shared/expressions/enrichment-program.ts';
import { codePoints } from '../../../shared/models/characters.ts';
import type { Asked, RowInput } from '../../../shared/models/model.ts';
import { inputHashOf, readRow } from '../../../shared/models/row-input.ts';

export interface StateFacts {
  readonly revision: number;
  readonly status: string;
  /** Why it was skipped; of other outcomes something else, or nothing. */
  readonly reason: string | null;
  /** Hexadecimal. */
  readonly inputHash: string | null;
  readonly asOfMs: number;
  readonly failureKind: string | null;
}

/** A chunk of a stored result: its number, and where it lies in the text. */
export interface ChunkPlace {
  readonly chunk: number;
  readonly start: number;
  readonly end: number;
}

/** Everything that one snapshot has of one key. */
export interface KeyFacts {
  /** undefined: the source has no such row. */
  readonly row: Row | undefined;
  /** undefined: none, or that of a deleted row. */
  readonly state: StateFacts | undefined;
  /** Of kinds without chunks the list is empty; undefined: there is no result. */
  readonly result: readonly ChunkPlace[] | undefined;
  /** The outcome, even that of a deleted row, is at a position that the log has not come to. */
  readonly isAhead: boolean;
}

export interface Rules {
  /** The registered one. */
  readonly revision: number;
  /** Of every revision that can still be read against the table as it is now. */
  readonly programs: ReadonlyMap<number, EnrichmentProgram>;
  /** By revision, of those that cut texts: a text is as whole as it was meant to be then. */
  readonly chunksMax: ReadonlyMap<number, number>;
  /** By revision, what the model makes of an input; undefined: the row would fail. Absent where nobody can tell any more. */
  readonly asks: ReadonlyMap<number, (row: RowInput) => Asked | undefined>;
}

export const FINDINGS = ['missing', 'stale', 'orphaned'] as const;
export type Finding = (typeof FINDINGS)[number];

export const REASONS = {
  no_state: 'the row has no outcome',
  no_result: 'the row is scored, and its result is not there',
  chunks: 'the chunks of the result are not those of one text',
  input: 'the outcome is of another input than the row has',
  status: 'the row asks for another status',
  result_left: 'the row is not scored, and a result is still there',
  no_row: 'the source has no such row',
  ahead: 'the outcome is at a position that the log has not come to, and keeps newer ones out',
  fence: 'the truncate fence is at a position that the log has not come to, and keeps every outcome out',
} as const satisfies Readonly<Record<string, string>>;
export type Reason = keyof typeof REASONS;

export type Verdict =
  | { readonly kind: 'right' }
  /** Right by the definition that it was made with. */
  | { readonly kind: 'outdated' }
  | { readonly kind: Finding; readonly reason: Reason };

const RIGHT: Verdict = { kind: 'right' };
const OUTDATED: Verdict = { kind: 'outdated' };
const found = (kind: Finding, reason: Reason): Verdict => ({ kind, reason });

export function judge({ row, state, result, isAhead }: KeyFacts, rules: Rules): Verdict {
  if (isAhead) return found('stale', 'ahead');
  if (row === undefined)
    return state === undefined && result === undefined ? RIGHT : found('orphaned', 'no_row');
  if (state === undefined) return found('missing', 'no_state');
  if (state.status === 'scored' && result === undefined) return found('missing', 'no_result');
  if (state.status !== 'scored' && result !== undefined) return found('stale', 'result_left');
  const program = rules.programs.get(state.revision);
  const wrong = program === undefined ? undefined : disagreement(row, state, result, program, rules);
  if (wrong !== undefined) return wrong;
  return state.revision === rules.revision ? RIGHT : OUTDATED;
}

function disagreement(
  row: Row,
  state: StateFacts,
  result: readonly ChunkPlace[] | undefined,
  program: EnrichmentProgram,
  rules: Rules,
): Verdict | undefined {
  const read = readRow(program, row, state.asOfMs);
  if (state.inputHash === null)
    return isWithoutInput(read.kind, state) ? undefined : found('stale', 'status');
  if (read.kind !== 'ask') return found('stale', 'status');
  if (inputHashOf(read.input) !== state.inputHash) return found('stale', 'input');
  const ask = rules.asks.get(state.revision);
  if (state.status === 'skipped' && ask !== undefined && !mayBeSkipped(ask(read.input), state))
    return found('stale', 'status');
  const { input } = read.input;
  const chunksMax = rules.chunksMax.get(state.revision);
  if (result === undefined || chunksMax === undefined || typeof input !== 'string') return undefined;
  return areWhole(result, input.toWellFormed(), chunksMax) ? undefined : found('stale', 'chunks');
}

/** An outcome that was given before there was an input: because of `when`, of an expression, or without looking at the row. */
function isWithoutInput(
  read: 'ask' | 'skipped' | 'failed',
  { status, reason, failureKind }: StateFacts,
): boolean {
  if (status === 'skipped') return read === 'skipped' && reason === 'when';
  if (status !== 'failed') return status === 'over_budget' && read === 'ask';
  return failureKind === 'input' ? read === 'failed' : true;
}

/** Without asking for a result: the model has nothing to say to such an input, or may not know the language that is detected. */
const mayBeSkipped = (asked: Asked | undefined, { reason }: StateFacts): boolean =>
  asked?.kind === 'detect'
    ? reason === 'unsupported_language'
    : asked?.kind === 'skip' && asked.reason === reason;

/** Numbered without a gap, one behind the other, up to the text's end unless it was cut. */
export function areWhole(chunks: readonly ChunkPlace[], text: string, chunksMax: number): boolean {
  let end = 0;
  for (const [place, chunk] of chunks.entries()) {
    if (chunk.chunk !== place || chunk.start < end || chunk.end <= chunk.start) return false;
    end = chunk.end;
  }
  const length = codePoints(text);
  if (end > length || chunks.length === 0) return false;
  // What is left out behind the last one is blank; only a text that was cut has more.
  return chunks.length >= chunksMax || end === length || [...text].slice(end).join('').trim() === '';
}
