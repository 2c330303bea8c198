import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Comprehend, ComprehendAnswer } from '../../aws/comprehend.ts';
import type { ModelItem } from '../model.ts';
import { DOCUMENT_BYTES_MAX } from './limits.ts';
import { createComprehendModel } from './model.ts';

const SIGNAL = new AbortController().signal;
const CONFIG = {
  language: { detect: 'when_missing', fallback: 'en' },
  batch: { rows: 25, wait: 50 },
} as const;

type Entry = { Index: number } & Readonly<Record<string, unknown>>;

/** A service that answers with a function of the texts. */
function service(bend: (entries: readonly Entry[]) => Partial<ComprehendAnswer> | Error) {
  const calls: { readonly texts: readonly string[]; readonly language: string | undefined }[] = [];
  const answer = async (texts: readonly string[], language?: string): Promise<ComprehendAnswer> => {
    calls.push({ texts, language });
    const bent = bend(texts.map((text, Index) => entryOf(text, Index)));
    if (bent instanceof Error) throw bent;
    return { resultList: undefined, errorList: undefined, requestId: 'r-1', ...bent };
  };
  const client: Comprehend = {
    batchDetectSentiment: (texts, language) => answer(texts, language),
    batchDetectDominantLanguage: (texts) => answer(texts),
    close: () => undefined,
  };
  return { client, calls };
}

/** The score tells which text it is of. */
const scoreOf = (text: string): number => Number(text.replace(/\D/g, '')) / 1_000;
const entryOf = (text: string, Index: number): Entry => ({
  Index,
  Sentiment: 'NEUTRAL',
  SentimentScore: { Positive: 0, Negative: 0, Neutral: scoreOf(text), Mixed: 0 },
  Languages: [{ LanguageCode: 'de', Score: 0.99 }],
});
const whole = (entries: readonly Entry[]) => ({ resultList: entries, errorList: [] });
const items = (...inputs: ModelItem['input'][]): ModelItem[] =>
  inputs.map((input) => ({ input, language: 'en' }));

test('a batch is one call in the language of its items, and every document is billed', async () => {
  const { client, calls } = service(whole);
  const model = createComprehendModel(CONFIG, client);
  const outcomes = await model.call(items('text 1', `text 2${' and more'.repeat(50)}`), SIGNAL);
  expect(calls).toEqual([{ texts: [expect.any(String), expect.any(String)], language: 'en' }]);
  expect(outcomes).toMatchObject([
    { kind: 'ok', result: { neutral: 0.001 }, costNanoUsd: 300_000 },
    { kind: 'ok', result: { neutral: 0.002 }, costNanoUsd: 500_000 },
  ]);
  expect(model.limits).toEqual({ rowsMax: 25, bytesMax: 125_000, waitMaxMs: 50 });
});

test('whatever documents go in and however the answer is bent, a sentiment never lands on another document', async () => {
  const document = fc.oneof(
    { weight: 8, arbitrary: fc.nat(999).map((number) => `review ${number}`) },
    { weight: 1, arbitrary: fc.constantFrom('', ' ', 'x'.repeat(DOCUMENT_BYTES_MAX + 1)) },
    { weight: 1, arbitrary: fc.constant<readonly number[]>([1]) },
  );
  const how = fc.constantFrom('whole', 'reversed', 'refused', 'nan', 'short', 'extra', 'repeated', 'empty');
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { minLength: 1, maxLength: 25 }),
      how,
      fc.nat(),
      async (inputs, bent, at) => {
        const { client, calls } = service((entries) => bend(entries, bent, at % Math.max(1, entries.length)));
        const model = createComprehendModel(CONFIG, client);
        const outcomes = await model.call(items(...inputs), SIGNAL).catch((error: unknown) => error);
        const sent = calls[0]?.texts ?? [];
        expect(sent.every((text) => typeof text === 'string' && text.trim() !== '')).toBe(true);
        if (!Array.isArray(outcomes)) {
          expect(outcomes).toMatchObject({ kind: 'contract' });
          expect(['short', 'extra', 'repeated', 'empty']).toContain(bent);
          return;
        }
        expect(outcomes).toHaveLength(inputs.length);
        for (const [place, outcome] of outcomes.entries()) {
          const input = inputs[place] ?? '';
          if (outcome.kind === 'ok') expect(outcome.result.neutral).toBe(scoreOf(String(input)));
          else expect(['input', 'rejected_item', 'contract']).toContain(outcome.fault.kind);
        }
      },
    ),
    { seed: 5 },
  );
});

function bend(entries: readonly Entry[], how: string, at: number): Partial<ComprehendAnswer> {
  const others = entries.filter(({ Index }) => Index !== at);
  switch (how) {
    case 'reversed':
      return { resultList: entries.toReversed() };
    case 'refused':
      return { resultList: others, errorList: [{ Index: at, ErrorCode: 'InternalServerException' }] };
    case 'nan':
      return {
        resultList: [...others, { Index: at, Sentiment: 'NEUTRAL', SentimentScore: { Neutral: Number.NaN } }],
      };
    case 'short':
      return { resultList: others };
    case 'extra':
      return { resultList: [...entries, { ...entries[0], Index: entries.length }] };
    case 'repeated':
      return { resultList: [...entries, entries[at]] };
    case 'empty':
      return {};
    default:
      return whole(entries);
  }
}

describe('refusals', () => {
  const named = (name: string) =>
    Object.assign(new Error('secret'), { name, $metadata: { httpStatusCode: 400, requestId: 'r-1' } });

  test('of a batch reject the call, to be halved', async () => {
    const model = createComprehendModel(
      CONFIG,
      service(() => named('TextSizeLimitExceededException')).client,
    );
    await expect(model.call(items('a', 'b'), SIGNAL)).rejects.toMatchObject({ kind: 'rejected_batch' });
  });

  test('of a single document are its outcome, and the service’s words about it are not repeated', async () => {
    const model = createComprehendModel(CONFIG, service(() => named('InvalidRequestException')).client);
    const [outcome] = await model.call(items('a'), SIGNAL);
    expect(outcome).toMatchObject({ kind: 'rejected', fault: { kind: 'rejected_item' } });
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  test('in the list of errors are worth one more try, alone', async () => {
    const { client } = service(([first]) => ({ resultList: [], errorList: [first] }));
    const [outcome] = await createComprehendModel(CONFIG, client).call(items('a'), SIGNAL);
    expect(outcome).toMatchObject({ kind: 'rejected', isWorthOneRetry: true });
  });

  test('by quota reject the call whatever its size', async () => {
    const model = createComprehendModel(CONFIG, service(() => named('ThrottlingException')).client);
    await expect(model.call(items('a'), SIGNAL)).rejects.toMatchObject({ kind: 'throttled' });
  });

  test('texts of two languages are never sent together', async () => {
    const { client, calls } = service(whole);
    const mixed = [
      { input: 'a', language: 'en' },
      { input: 'b', language: 'de' },
    ];
    await expect(createComprehendModel(CONFIG, client).call(mixed, SIGNAL)).rejects.toMatchObject({
      kind: 'unknown',
    });
    expect(calls).toEqual([]);
  });
});

describe('a row', () => {
  const sentiment = {
    label: 'MIXED',
    confidence: 0.4,
    positive: 0.3,
    negative: 0.2,
    neutral: 0.1,
    mixed: 0.4,
  } as const;
  const model = createComprehendModel(CONFIG, service(whole).client);

  test.each([
    [
      { input: 'x'.repeat(6_000), language: 'zh-Hant' },
      { language: 'zh-TW', language_origin: 'column', truncated: true },
    ],
    [{ input: 'short' }, { language: 'en', language_origin: 'fallback', truncated: false }],
    [
      { input: ' padded ', detected: 'de' },
      { language: 'de', language_origin: 'detected', truncated: false },
    ],
  ])(
    'its result has the sentiment, the language and its origin, and whether it was cut (%#)',
    (row, expected) => {
      const asked = model.itemsOf(row);
      if (asked.kind !== 'items') throw new Error('the row asks for nothing');
      expect(model.resultOf(row, asked.items, [sentiment])).toEqual({ ...sentiment, ...expected });
    },
  );

  test('its result that is repeated from the side table keeps the origin of its language', () => {
    const row = { input: 'a text of twenty and more', detected: 'en' };
    const stored = { ...sentiment, language: 'en', language_origin: 'fallback', truncated: false };
    const items = [{ input: row.input, language: 'en' }];
    expect(model.resultOf(row, items, [stored])).toEqual(stored);
  });

  test('equal texts of two languages are two requests, and two groups', () => {
    const [one, two] = [
      { input: 'no', language: 'en' },
      { input: 'no', language: 'es' },
    ];
    expect(model.requestText(one)).not.toBe(model.requestText(two));
    expect(model.groupOf(one)).not.toBe(model.groupOf(two));
  });

  test('its language is detected by a model with a call of its own', async () => {
    const { client, calls } = service(whole);
    const { detector } = createComprehendModel(CONFIG, client);
    const outcomes = await detector?.call([{ input: 'ein Text' }], SIGNAL);
    expect(outcomes).toEqual([{ kind: 'ok', result: { language: 'de' }, costNanoUsd: 300_000 }]);
    expect(calls[0]?.language).toBeUndefined();
  });
});
