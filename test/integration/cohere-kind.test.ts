// The cohere-embedding kind as the enricher uses it, through the real client over real sockets.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import type { AwsSettings } from '../../shared/aws/settings.ts';
import { enrichment as enrichmentSchema } from '../../shared/config/definition.ts';
import type { Fault } from '../../shared/errors/policy.ts';
import { openModel } from '../../shared/models/index.ts';
import type { Outcome } from '../../shared/models/model.ts';
import type { ChunkVector } from '../../shared/models/vectors.ts';

const NEVER = new AbortController().signal;
const TEXTS = ['The lamp is bright.', 'The radio is loud, and broken.', 'Ein schönes Buch.'];

let awsLocal: AwsLocal;
let settings: AwsSettings;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  settings = { mode: 'local', endpoint: awsLocal.url };
});
afterAll(() => awsLocal.close());
afterEach(() => awsLocal.control.reset());

const openCohere = (model: object = {}) =>
  openModel(
    enrichmentSchema.parse({ from: 'rows', model: { kind: 'cohere-embedding', ...model }, input: ['body'] }),
    settings,
    4,
  );
const items = (inputs: readonly string[] = TEXTS) => inputs.map((input) => ({ input }));
const counted = () => awsLocal.control.calls().operations[0];
const spoil = (fault: FaultRule['fault'], rest: object = {}) => awsLocal.control.addFault({ fault, ...rest });

function vectorsOf(outcomes: readonly Outcome<unknown>[]): readonly ChunkVector[] {
  return outcomes.map((outcome) => {
    if (outcome.kind !== 'ok') throw outcome.fault;
    return outcome.result as ChunkVector;
  });
}
const lengthOf = ({ vector_f32le_base64 }: ChunkVector): number =>
  Buffer.from(vector_f32le_base64, 'base64').length / 4;

/** What became of a call: the faults of its items, or the fault that it ended with. */
async function told(call: Promise<readonly Outcome<unknown>[]>): Promise<unknown> {
  try {
    return (await call).map((outcome) => (outcome.kind === 'rejected' ? outcome.fault.code : 'ok'));
  } catch (error) {
    return `${(error as Fault).kind} ${(error as Fault).code}`;
  }
}

test.each([
  [{}, 1024, 100],
  [{ model_id: 'cohere.embed-english-v3' }, 1024, 100],
  [{ model_id: 'global.cohere.embed-v4:0', dimensions: 1536 }, 1536, 120],
  [{ model_id: 'eu.cohere.embed-v4:0', dimensions: 256 }, 256, 120],
])(
  '%j: a vector of its length for each text, and together the tokens that the service counts',
  async (model, dimensions, tokenNanoUsd) => {
    using opened = await openCohere(model);
    const outcomes = await opened.model.call(items(), NEVER);
    const vectors = vectorsOf(outcomes);
    expect(vectors.map(lengthOf)).toEqual(TEXTS.map(() => dimensions));
    expect(new Set(vectors.map(({ vector_f32le_base64 }) => vector_f32le_base64)).size).toBe(TEXTS.length);
    const tokens = vectors.reduce((sum, each) => sum + each.tokens, 0);
    expect(counted()).toMatchObject({ calls: 1, rows: TEXTS.length, paid_units: tokens });
    const cost = outcomes.reduce((sum, { costNanoUsd = 0 }) => sum + costNanoUsd, 0);
    expect(cost).toBe(tokens * tokenNanoUsd);
    expect(opened.model.boundNanoUsd(items())).toBeGreaterThanOrEqual(cost);
    expect(Math.abs((opened.model.likelyNanoUsd?.(items()) ?? 0) / cost - 1)).toBeLessThan(0.1);
  },
);

test('96 texts are one call, and each has the vector that it has alone', async () => {
  using opened = await openCohere();
  const texts = Array.from(
    { length: 96 },
    (_, place) => `Number ${place} of many, which are ${place % 7} times alike.`,
  );
  const together = vectorsOf(await opened.model.call(items(texts), NEVER));
  expect(counted()).toMatchObject({ calls: 1, rows: 96 });
  for (const place of [0, 41, 95]) {
    const [alone] = vectorsOf(await opened.model.call(items(texts.slice(place, place + 1)), NEVER));
    expect(together[place]?.vector_f32le_base64).toBe(alone?.vector_f32le_base64);
  }
});

test.each(['cohere.embed-multilingual-v3', 'global.cohere.embed-v4:0'])(
  '%s: no text is too long, its chunks are taken in every script',
  async (model_id) => {
    using opened = await openCohere({ model_id });
    const { model } = opened;
    for (const unit of ['A word or two. ', '字', 'नमस्ते ', 'ありがとう。']) {
      const asked = model.itemsOf({ input: unit.repeat(5_000) });
      if (asked.kind !== 'items') throw new Error(`a row asks for ${asked.kind}`);
      vectorsOf(await model.call(asked.items.slice(0, 24), NEVER));
    }
  },
);

test('a chunk of more tokens than v3 reads is refused, or cut where the definition says so', async () => {
  const dense = '!?'.repeat(600);
  using refusing = await openCohere();
  expect(await told(refusing.model.call(items([...TEXTS, dense]), NEVER))).toBe(
    'rejected_item ValidationException',
  );
  expect(await refusing.model.call(items([dense]), NEVER)).toMatchObject([
    { kind: 'rejected', fault: { kind: 'rejected_item' } },
  ]);
  using cutting = await openCohere({ truncate: 'end' });
  expect(await told(cutting.model.call(items([...TEXTS, dense]), NEVER))).toEqual(['ok', 'ok', 'ok', 'ok']);
});

test('v4 by its own id, where a profile is needed, is set_up in the service’s words', async () => {
  using opened = await openCohere({ model_id: 'cohere.embed-v4:0' });
  const fault: unknown = await opened.model.call(items(), NEVER).catch((error: unknown) => error);
  expect(fault).toMatchObject({ kind: 'set_up', code: 'ValidationException' });
  expect((fault as Fault).message).toContain('inference profile');
});

describe('only that text fails', () => {
  test.each<[string, FaultRule['fault'], string]>([
    ['a zero vector', { kind: 'zero_vector' }, 'zero_vector'],
    ['another length', { kind: 'width', dimensions: 1023 }, 'dimensions'],
    ['null for a number', { kind: 'not_a_number', as: 'null' }, 'not_finite'],
    ['NaN as text', { kind: 'not_a_number', as: 'text' }, 'not_finite'],
  ])('%s', async (_what, fault, code) => {
    using opened = await openCohere();
    spoil(fault, { input: { contains: 'radio' } });
    const outcomes = await opened.model.call(items(), NEVER);
    expect(await told(Promise.resolve(outcomes))).toEqual(['ok', code, 'ok']);
    expect(outcomes[1]?.costNanoUsd).toBeGreaterThan(0); // its tokens are billed all the same
  });
});

test.each<[string, FaultRule['fault'], unknown]>([
  ['a vector too few', { kind: 'rows', change: -1 }, 'contract row_count'],
  ['a vector too many', { kind: 'rows', change: 1 }, 'contract row_count'],
  ['NaN as Python writes it', { kind: 'not_a_number', as: 'bare' }, 'contract not_json'],
  ['an empty body', { kind: 'empty' }, 'contract empty_answer'],
  ['a page', { kind: 'malformed' }, 'contract not_json'],
  ['a cut body', { kind: 'truncated' }, 'contract not_json'],
  ['throttled', { kind: 'throttle' }, 'throttled ThrottlingException'],
  ['503', { kind: 'error', status: 503 }, 'unavailable ServiceUnavailableException'],
  ['a reset', { kind: 'cut', place: 'before_answer' }, 'unavailable ECONNRESET'],
  [
    'no permission',
    { kind: 'named', name: 'AccessDeniedException', status: 403 },
    'set_up AccessDeniedException',
  ],
])('answers with %s: a named fault of all texts', async (_name, fault, expected) => {
  using opened = await openCohere();
  spoil(fault);
  expect(await told(opened.model.call(items(), NEVER))).toBe(expected);
});
