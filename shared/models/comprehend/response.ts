import type { ComprehendAnswer } from '../../aws/comprehend.ts';
import { Fault } from '../../errors/policy.ts';
import type { DetectedLanguage } from '../model.ts';

/** A type, not an interface: a row's result needs an index signature. */
export type Sentiment = {
  readonly label: Label;
  /** The score of the label. */
  readonly confidence: number;
  readonly positive: number;
  readonly negative: number;
  readonly neutral: number;
  readonly mixed: number;
};

const LABELS = ['POSITIVE', 'NEGATIVE', 'NEUTRAL', 'MIXED'] as const;
type Label = (typeof LABELS)[number];

/** What is said of one document, or the fault of an entry that does not say it. */
export type ReadEntry<Result> = (entry: unknown, requestId: string | undefined) => Result | Fault;

/**
 * One result or fault per document. Entries are joined by their `Index`, never by their place: each index has to be there
 * exactly once, in one of the two lists. Otherwise it throws a `contract` fault: an entry could belong to any document.
 */
export function parseBatch<Result>(
  { resultList, errorList, requestId }: ComprehendAnswer,
  documents: number,
  read: ReadEntry<Result>,
): readonly (Result | Fault)[] {
  const contract = (code: string, message: string) => new Fault('contract', code, message, { requestId });
  if (resultList === undefined && errorList === undefined) {
    throw contract('empty_answer', `The answer to ${documents} documents is empty.`);
  }
  const answered = new Map<number, Result | Fault>();
  const put = (entry: unknown, outcome: Result | Fault): void => {
    const index = member(entry, 'Index');
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= documents) {
      throw contract('index', `An entry of the answer is of none of the ${documents} documents.`);
    }
    if (answered.has(index)) throw contract('repeated_index', `Document ${index + 1} has two entries.`);
    answered.set(index, outcome);
  };
  for (const entry of listOf(resultList, contract)) put(entry, read(entry, requestId));
  for (const entry of listOf(errorList, contract)) put(entry, refusal(entry, requestId));
  return Array.from({ length: documents }, (_, index) => {
    const outcome = answered.get(index);
    if (outcome === undefined) throw contract('missing_index', `Document ${index + 1} has no entry.`);
    return outcome;
  });
}

export function readSentiment(entry: unknown, requestId: string | undefined): Sentiment | Fault {
  const label = member(entry, 'Sentiment');
  const scores = member(entry, 'SentimentScore');
  const score = (name: string): number => {
    const value = member(scores, name);
    return typeof value === 'number' ? value : Number.NaN; // undefined where the service left it out
  };
  const named = {
    positive: score('Positive'),
    negative: score('Negative'),
    neutral: score('Neutral'),
    mixed: score('Mixed'),
  };
  if (!isLabel(label)) {
    return new Fault('contract', 'label', 'The answer has no sentiment that we know.', { requestId });
  }
  if (!Object.values(named).every((value) => value >= 0 && value <= 1)) {
    return new Fault('contract', 'score', 'A score of the answer is not between 0 and 1.', { requestId });
  }
  const byLabel = {
    POSITIVE: named.positive,
    NEGATIVE: named.negative,
    NEUTRAL: named.neutral,
    MIXED: named.mixed,
  };
  return { label, confidence: byLabel[label], ...named };
}

/** The likeliest language; a text of symbols has none. */
export function readLanguage(entry: unknown, requestId: string | undefined): DetectedLanguage | Fault {
  const languages = member(entry, 'Languages');
  if (!Array.isArray(languages)) {
    return new Fault('contract', 'languages', 'The answer has no list of languages.', { requestId });
  }
  let best: { readonly language: string; readonly score: number } | undefined;
  for (const each of languages) {
    const language = member(each, 'LanguageCode');
    const score = member(each, 'Score');
    if (typeof language !== 'string' || typeof score !== 'number' || !Number.isFinite(score)) {
      return new Fault('contract', 'languages', 'A language of the answer has no code or score.', {
        requestId,
      });
    }
    if (best === undefined || score > best.score) best = { language, score };
  }
  return { language: best?.language ?? null };
}

const CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$|^\d{1,6}$/;

/** An entry of the list of errors. Its message may quote the text, and so may a code that does not look like one. */
function refusal(entry: unknown, requestId: string | undefined): Fault {
  const said = member(entry, 'ErrorCode');
  const code = typeof said === 'string' && CODE.test(said) ? said : 'item_error';
  return new Fault('rejected_item', code, `comprehend refuses the document with ${code}.`, { requestId });
}

function listOf(value: unknown, contract: (code: string, message: string) => Fault): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw contract('shape', 'The answer has no lists of results and errors.');
  return value;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function isLabel(value: unknown): value is Label {
  return LABELS.some((label) => label === value);
}
