import type { Comprehend, ComprehendAnswer } from '../../aws/comprehend.ts';
import { classify } from '../../aws/errors.ts';
import { Fault } from '../../errors/policy.ts';
import { DEFAULT_PRICES, type Prices } from '../../spend/prices.ts';
import { withDeadline } from '../deadline.ts';
import type { DetectedLanguage, Model, ModelItem, Outcome } from '../model.ts';
import { refusedAlone, rejected } from '../refusal.ts';
import {
  beginningOf,
  documentOf,
  isCut,
  knownLanguage,
  type LanguageOrigin,
  type LanguageRules,
} from './input.ts';
import { batchLimits, DEADLINE_MS_DEFAULT } from './limits.ts';
import { documentNanoUsd } from './price.ts';
import { document, sharedLanguage } from './request.ts';
import { parseBatch, type ReadEntry, readLanguage, readSentiment, type Sentiment } from './response.ts';

/** The part of the definition's `model` that this kind reads; `batch.wait` in milliseconds. */
export interface ComprehendModelConfig {
  readonly language: LanguageRules;
  readonly batch: { readonly rows: number; readonly wait: number };
}

export type TextSentiment = Sentiment & {
  readonly language: string;
  readonly language_origin: LanguageOrigin;
  /** Only the beginning of the text was read: it has more than the 5,000 bytes that the service takes. */
  readonly truncated: boolean;
};

/** Of the service's API: the models behind it have no number. */
const VERSION = '2017-11-27';

/** Texts to Comprehend, up to 25 of one language a call, aligned by the index that the answer gives each of them. */
export function createComprehendModel(
  config: ComprehendModelConfig,
  client: Comprehend,
  { deadlineMs = DEADLINE_MS_DEFAULT, prices = DEFAULT_PRICES } = {},
): Model<Sentiment, TextSentiment> {
  const { language: rules } = config;
  const options = { deadlineMs, prices };
  return {
    id: { kind: 'comprehend', name: 'sentiment', version: VERSION },
    parameters: {},
    limits: batchLimits(config.batch),
    isPaidPerCall: true,
    boundNanoUsd: (items) => boundNanoUsd(items, prices),
    itemsOf: (row) => documentOf(row, rules),
    groupOf: ({ language }) => language ?? '',
    bytesOf,
    requestText: ({ input, language }) => `${language}\n${input}`,
    call: (items, signal) =>
      callBatch(items, readSentiment, signal, options, (texts, sharedSignal) =>
        client.batchDetectSentiment(texts, sharedLanguage(items), sharedSignal),
      ),
    resultOf(row, items, results) {
      const known = knownLanguage(row, rules);
      if (known === 'ask the detector') throw new RangeError('the language of the row is not known');
      const [sentiment] = results;
      if (sentiment === undefined) throw new RangeError('a row has one document, and one result');
      return {
        ...sentiment,
        language: known.language,
        language_origin: known.origin,
        truncated: isCut(row, items),
        ...sentiment, // one that was read back from the side table says itself who told its language
      };
    },
    detector: createDetector(config, client, options),
  };
}

function createDetector(
  config: ComprehendModelConfig,
  client: Comprehend,
  options: CallOptions,
): Model<DetectedLanguage, DetectedLanguage> {
  return {
    id: { kind: 'comprehend', name: 'dominant-language', version: VERSION },
    parameters: {},
    limits: batchLimits(config.batch),
    isPaidPerCall: true,
    boundNanoUsd: (items) => boundNanoUsd(items, options.prices),
    itemsOf: beginningOf,
    groupOf: () => '',
    bytesOf,
    requestText: ({ input }) => String(input),
    call: (items, signal) =>
      callBatch(items, readLanguage, signal, options, (texts, sharedSignal) =>
        client.batchDetectDominantLanguage(texts, sharedSignal),
      ),
    resultOf: (_row, _items, [detected]) => detected ?? { language: null },
  };
}

interface CallOptions {
  readonly deadlineMs: number;
  readonly prices: Prices;
}

/** A text that is not sent costs nothing; to be counted all the same does no harm. */
function boundNanoUsd(items: readonly ModelItem[], prices: Prices): number {
  return items.reduce((sum, { input }) => sum + documentNanoUsd(String(input), prices), 0);
}

function bytesOf({ input }: ModelItem): number {
  return typeof input === 'string' ? Buffer.byteLength(input) : 0;
}

/** Documents that must not be sent have their outcome without a call; the others share one. */
async function callBatch<Result extends object>(
  items: readonly ModelItem[],
  read: ReadEntry<Result>,
  signal: AbortSignal,
  { deadlineMs, prices }: CallOptions,
  send: (texts: readonly string[], signal: AbortSignal) => Promise<ComprehendAnswer>,
): Promise<readonly Outcome<Result>[]> {
  const documents = items.map(document);
  const texts = documents.filter((each) => typeof each === 'string');
  const answered = texts.length === 0 ? [] : await sendBatch();
  let next = 0;
  return documents.map((each) => (typeof each === 'string' ? at(answered, next++) : rejected(each)));

  async function sendBatch(): Promise<readonly Outcome<Result>[]> {
    using limit = withDeadline(signal, deadlineMs);
    try {
      const answer = await send(texts, limit.signal);
      return parseBatch(answer, texts.length, read).map((result, place) =>
        result instanceof Fault
          ? rejected(result, true)
          : { kind: 'ok', result, costNanoUsd: documentNanoUsd(texts[place] ?? '', prices) },
      );
    } catch (error) {
      const fault = classify(error, { service: 'comprehend', stopped: limit.stopped() });
      return refusedAlone(fault, texts.length, documentNanoUsd(texts[0] ?? '', prices));
    }
  }
}

function at<Result>(outcomes: readonly Outcome<Result>[], place: number): Outcome<Result> {
  const outcome = outcomes[place];
  if (outcome === undefined)
    throw new Fault('contract', 'row_count', `Document ${place + 1} has no outcome.`);
  return outcome;
}
