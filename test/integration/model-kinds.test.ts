// Every model kind as the enricher uses it, through the real clients over real sockets.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import type { AwsSettings } from '../../shared/aws/settings.ts';
import { enrichment as enrichmentSchema } from '../../shared/config/definition.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import { openModel } from '../../shared/models/index.ts';
import type { Model, ModelItem, Outcome, RowInput } from '../../shared/models/model.ts';
import { PRAISE } from '../support/praise.ts';

const NEVER = new AbortController().signal;
const TABULAR = [
  [45.5, 1, 1, 14, 3.2, 0],
  [1.99, 8, 0, 3, -1, 6],
  [900, 1, 0, 23, 512.5, 4],
] as const;

let awsLocal: AwsLocal;
let settings: AwsSettings;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  settings = { mode: 'local', endpoint: awsLocal.url };
});
afterAll(() => awsLocal.close());
afterEach(() => awsLocal.control.reset());

/** What the definition file says of a model, through its schema to the model that the enricher calls. */
function openKind(model: object, rest: object = {}) {
  const enrichment = enrichmentSchema.parse({ from: 'rows', model, input: ['body'], ...rest });
  return openModel(enrichment, settings, 4);
}
const openSagemaker = (model: object) =>
  openKind({ kind: 'sagemaker', version: '1', ...model }, { output: { score: 'float' } });

function itemsOf(model: Pick<Model, 'itemsOf'>, ...rows: readonly RowInput[]): readonly ModelItem[] {
  return rows.flatMap((row) => {
    const asked = model.itemsOf(row);
    if (asked.kind !== 'items') throw new Error(`a row asks for ${asked.kind}`);
    return asked.items;
  });
}
function resultsOf<Result>(outcomes: readonly Outcome<Result>[]): readonly Result[] {
  return outcomes.map((outcome) => {
    if (outcome.kind === 'rejected') throw outcome.fault;
    return outcome.result;
  });
}
const callsOf = (operation: string) =>
  awsLocal.control.calls().operations.find((count) => count.operation === operation);
const spoil = (fault: FaultRule['fault'], rest: object = {}) => awsLocal.control.addFault({ fault, ...rest });

/** What became of a call: the faults of its items, or the fault that it ended with. */
async function faultsOf<Result>(call: Promise<readonly Outcome<Result>[]>): Promise<unknown> {
  try {
    return (await call).map((outcome) => (outcome.kind === 'rejected' ? outcome.fault.code : 'ok'));
  } catch (error) {
    return `${(error as Fault).kind} ${(error as Fault).code}`;
  }
}

describe('comprehend', () => {
  test('twelve languages: every text has a label, four scores that sum to 1, and its language', async () => {
    using opened = await openKind({ kind: 'comprehend' });
    const { model } = opened;
    for (const [language, input] of Object.entries(PRAISE)) {
      const row = { input, language };
      const items = itemsOf(model, row);
      const result = model.resultOf(row, items, resultsOf(await model.call(items, NEVER)));
      expect(result).toMatchObject({
        label: 'POSITIVE',
        language,
        language_origin: 'column',
        truncated: false,
      });
      const { positive, negative, neutral, mixed, confidence } = result;
      expect(Number(positive) + Number(negative) + Number(neutral) + Number(mixed)).toBeCloseTo(1, 5);
      expect(confidence).toBe(positive);
    }
  });

  test('25 texts are one call, and cost what the service counts', async () => {
    using opened = await openKind({ kind: 'comprehend' });
    const { model } = opened;
    const rows = Array.from({ length: 25 }, (_, place) => ({
      input: `${'An excellent thing. '.repeat(place + 1)}Number ${place}.`,
      language: 'en',
    }));
    const outcomes = await model.call(itemsOf(model, ...rows), NEVER);
    const costs = outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome.costNanoUsd : 0));
    const expected = rows.map(({ input }) => Math.max(3, Math.ceil(input.length / 100)) * 100_000);
    expect(costs).toEqual(expected);
    const units = costs.reduce((sum, cost) => sum + cost, 0) / 100_000;
    expect(callsOf('BatchDetectSentiment')).toMatchObject({ calls: 1, rows: 25, paid_units: units });
  });

  test('a text above 5,000 bytes is cut before it is sent, and takes no neighbour with it', async () => {
    using opened = await openKind({ kind: 'comprehend' });
    const { model } = opened;
    const rows = [
      { input: '字'.repeat(3_000), language: 'zh' },
      { input: PRAISE.zh, language: 'zh-CN' },
    ];
    const items = itemsOf(model, ...rows);
    const results = resultsOf(await model.call(items, NEVER));
    const [long, short] = rows.map((row, place) =>
      model.resultOf(row, items.slice(place, place + 1), results.slice(place)),
    );
    expect(long).toMatchObject({ truncated: true });
    expect(short).toMatchObject({ truncated: false, label: 'POSITIVE', language: 'zh' });
  });

  test('a language that nobody names is detected by a call of its own', async () => {
    using opened = await openKind({ kind: 'comprehend' });
    const { model } = opened;
    const row = { input: 'Das Paket kam leider viel zu spät und war beschädigt, ich bin sehr enttäuscht.' };
    expect(model.itemsOf(row)).toEqual({ kind: 'detect' });
    const { detector } = model;
    if (detector === undefined) throw new Error('comprehend has a detector');
    const asked = itemsOf(detector, row);
    const { language } = detector.resultOf(row, asked, resultsOf(await detector.call(asked, NEVER)));
    const detected = { ...row, detected: language };
    const items = itemsOf(model, detected);
    expect(items).toEqual([{ input: row.input, language: 'de' }]);
    const result = model.resultOf(detected, items, resultsOf(await model.call(items, NEVER)));
    expect(result).toMatchObject({ label: 'NEGATIVE', language: 'de', language_origin: 'detected' });
  });

  test('a text of symbols alone has no language: its own refusal, worth one more try', async () => {
    using opened = await openKind({ kind: 'comprehend' });
    const outcomes = await opened.model.detector?.call(
      [{ input: '$$$$$$ $$$$$$ $$$$$$ $$$$$$' }, { input: PRAISE.fr }],
      NEVER,
    );
    expect(outcomes).toMatchObject([
      { kind: 'rejected', isWorthOneRetry: true, fault: { code: 'InternalServerException' } },
      { kind: 'ok', result: { language: 'fr' } },
    ]);
  });

  test.each<[string, FaultRule['fault'], unknown]>([
    ['an item error', { kind: 'item_error' }, ['ok', 'ok', 'InternalServerException']],
    ['results in another order', { kind: 'reordered' }, ['ok', 'ok', 'ok']],
    ['an index twice', { kind: 'repeated_index' }, 'contract repeated_index'],
    ['a result too few', { kind: 'rows', change: -1 }, 'contract missing_index'],
    ['a result too many', { kind: 'rows', change: 1 }, 'contract index'],
    ['NaN as text', { kind: 'not_a_number', as: 'text' }, ['ok', 'ok', 'score']],
    ['null for a score', { kind: 'not_a_number', as: 'null' }, ['ok', 'ok', 'score']],
    ['NaN as Python writes it', { kind: 'not_a_number', as: 'bare' }, 'contract SyntaxError'],
    ['an empty body', { kind: 'empty' }, 'contract empty_answer'],
    ['a page', { kind: 'malformed' }, 'contract SyntaxError'],
    ['a cut body', { kind: 'truncated' }, 'contract SyntaxError'],
    ['throttled', { kind: 'throttle' }, 'throttled ThrottlingException'],
    ['500', { kind: 'error', status: 500 }, 'unavailable InternalServerException'],
    ['a reset', { kind: 'cut', place: 'before_answer' }, 'unavailable ECONNRESET'],
    ['a proxy', { kind: 'bare', status: 503, body: 'html' }, 'unavailable SyntaxError'],
  ])('answers with %s: a named fault, and the right texts keep theirs', async (_name, fault, expected) => {
    using opened = await openKind({ kind: 'comprehend' });
    spoil(fault);
    const items = itemsOf(
      opened.model,
      ...['It is great', 'It is awful', 'It is so-so'].map((input) => ({ input, language: 'en' })),
    );
    expect(await faultsOf(opened.model.call(items, NEVER))).toEqual(expected);
  });
});

describe('titan-embedding', () => {
  const lengthOf = (base64: string): { readonly dimensions: number; readonly norm: number } => {
    const bytes = Buffer.from(base64, 'base64');
    const values = Array.from({ length: bytes.length / 4 }, (_, place) => bytes.readFloatLE(4 * place));
    return { dimensions: values.length, norm: Math.hypot(...values) };
  };

  test.each([
    [{ dimensions: 1024 }, 1024, 20],
    [{ dimensions: 512 }, 512, 20],
    [{ dimensions: 256 }, 256, 20],
    [{ model_id: 'amazon.titan-embed-text-v1', dimensions: 1536 }, 1536, 100],
  ])('%j: a vector of that length, priced by its tokens', async (config, dimensions, tokenNanoUsd) => {
    using opened = await openKind({ kind: 'titan-embedding', ...config });
    const { model } = opened;
    const row = { input: 'The battery lasts three days, and the screen is bright.' };
    const outcomes = await model.call(itemsOf(model, row), NEVER);
    const result = model.resultOf(row, itemsOf(model, row), resultsOf(outcomes));
    const [chunk] = result.chunks as readonly { vector_f32le_base64: string; tokens: number }[];
    expect(result).toMatchObject({ dimensions, truncated: false });
    expect(lengthOf(chunk?.vector_f32le_base64 ?? '').dimensions).toBe(dimensions);
    expect(outcomes).toMatchObject([{ costNanoUsd: (chunk?.tokens ?? 0) * tokenNanoUsd }]);
    expect(chunk?.tokens).toBeGreaterThan(0);
    expect(callsOf('InvokeModel')).toMatchObject({ paid_calls: 1, paid_units: chunk?.tokens });
  });

  test('V2 vectors have length 1 when they are normalised', async () => {
    using opened = await openKind({ kind: 'titan-embedding', dimensions: 256 });
    const [result] = resultsOf(await opened.model.call([{ input: 'A text.' }], NEVER));
    expect(lengthOf((result as { vector_f32le_base64: string }).vector_f32le_base64).norm).toBeCloseTo(1, 4);
  });

  test('no text is too long: its chunks stay below the limit of tokens in every script', async () => {
    using opened = await openKind({ kind: 'titan-embedding', dimensions: 256 });
    const { model } = opened;
    for (const unit of ['word ', '字', 'न', '😀', '!?']) {
      const row = { input: unit.repeat(30_000) };
      const items = itemsOf(model, row);
      const outcomes = await Promise.all(items.slice(0, 4).map((item) => model.call([item], NEVER)));
      expect(resultsOf(outcomes.flat())).toHaveLength(Math.min(4, items.length));
    }
  });

  test.each<[string, FaultRule['fault'], unknown]>([
    ['another width', { kind: 'width', dimensions: 255 }, ['dimensions']],
    ['a zero vector', { kind: 'zero_vector' }, ['zero_vector']],
    ['null for a number', { kind: 'not_a_number', as: 'null' }, ['not_finite']],
    ['NaN as text', { kind: 'not_a_number', as: 'text' }, ['not_finite']],
    ['NaN as Python writes it', { kind: 'not_a_number', as: 'bare' }, ['not_json']],
    ['an empty body', { kind: 'empty' }, ['empty_answer']],
    ['a page', { kind: 'malformed' }, ['not_json']],
    ['a cut body', { kind: 'truncated' }, ['not_json']],
    ['a model error', { kind: 'model_error', original_status: 500 }, ['ModelErrorException']],
    ['throttled', { kind: 'throttle' }, 'throttled ThrottlingException'],
    ['503', { kind: 'error', status: 503 }, 'unavailable ServiceUnavailableException'],
    ['408', { kind: 'error', status: 408 }, 'unavailable ModelTimeoutException'],
    ['a reset', { kind: 'cut', place: 'before_answer' }, 'unavailable ECONNRESET'],
  ])('answers with %s: a named fault', async (_name, fault, expected) => {
    using opened = await openKind({ kind: 'titan-embedding', dimensions: 256 });
    spoil(fault);
    expect(await faultsOf(opened.model.call([{ input: 'A text.' }], NEVER))).toEqual(expected);
  });
});

describe('sagemaker', () => {
  const ITEMS = TABULAR.map((input) => ({ input: [...input] }));

  test.each([
    ['csv', 'fraud-xgboost'],
    ['csv', 'fraud-linear-learner'],
    ['json', 'fraud-linear-learner'],
    ['json', 'fraud-random-cut-forest'],
    ['jsonl', 'fraud-linear-learner'],
    ['jsonl', 'fraud-random-cut-forest'],
  ])('%s to %s: the scores that the same rows have in every format', async (format, endpoint) => {
    using xgboost = await openSagemaker({ endpoint: 'fraud-xgboost' });
    using opened = await openSagemaker({ endpoint, format });
    const expected = resultsOf(await xgboost.model.call(ITEMS, NEVER));
    expect(resultsOf(await opened.model.call(ITEMS, NEVER))).toEqual(expected);
    expect(new Set(expected.map((result) => (result as { score: number }).score)).size).toBe(3);
  });

  test.each(['json', 'jsonl'])(
    '%s to a container that reads CSV is refused, not guessed at',
    async (format) => {
      using opened = await openSagemaker({ endpoint: 'fraud-xgboost', format });
      expect(await faultsOf(opened.model.call(ITEMS, NEVER))).toBe('rejected_batch ModelError_415');
    },
  );

  test.each(['json', 'jsonl'])('%s: rows short, extra or not finite are contract faults', async (format) => {
    using opened = await openSagemaker({ endpoint: 'fraud-linear-learner', format });
    for (const [fault, code] of [
      [{ kind: 'rows', change: -1 }, 'row_count'],
      [{ kind: 'rows', change: 1 }, 'row_count'],
      [{ kind: 'not_a_number' }, 'not_json'],
    ] as const) {
      spoil(fault);
      expect(await faultsOf(opened.model.call(ITEMS, NEVER))).toBe(`contract ${code}`);
      awsLocal.control.clearFaults();
    }
  });
});
