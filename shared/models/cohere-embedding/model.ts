import type { BedrockRuntime } from '../../aws/bedrock-runtime.ts';
import { classify } from '../../aws/errors.ts';
import type { CohereEmbeddingModel } from '../../config/definition.ts';
import type { Embedding } from '../../contracts/events.ts';
import { Fault } from '../../errors/policy.ts';
import { DEFAULT_PRICES } from '../../spend/prices.ts';
import { withDeadline } from '../deadline.ts';
import type { Model, ModelItem, Outcome } from '../model.ts';
import { refusedAlone, rejected } from '../refusal.ts';
import { callWithSendable } from '../sendable.ts';
import { type ChunkVector, embeddingOf } from '../vectors.ts';
import { chunksOf, isCut, sendable } from './input.ts';
import { batchLimits, chunkBytesMax, DEADLINE_MS_DEFAULT } from './limits.ts';
import { embeddingNanoUsd, tokensBound, tokensLikely, tokensOfEach } from './price.ts';
import { embeddingRequest, type VectorSettings, versionOf } from './request.ts';
import { parseEmbeddings } from './response.ts';

/** The part of the definition's `model` that this kind reads; `batch.wait` in milliseconds. */
export type CohereEmbeddingConfig = VectorSettings & Pick<CohereEmbeddingModel, 'max_chunks' | 'batch'>;

/** A text's chunks to Cohere, up to 96 a call and of any rows: a vector for each of them, aligned by their count. */
export function createCohereEmbeddingModel(
  config: CohereEmbeddingConfig,
  client: BedrockRuntime,
  { deadlineMs = DEADLINE_MS_DEFAULT, prices = DEFAULT_PRICES } = {},
): Model<ChunkVector, Embedding> {
  const { model_id: modelId, dimensions, input_type, truncate, max_chunks: chunksMax } = config;
  const version = versionOf(modelId);
  const chunkLimits = { bytesMax: chunkBytesMax(version), chunksMax };
  const costOf = (tokens: number): number => embeddingNanoUsd(version, tokens, prices);

  const boundOf = (texts: readonly string[]): number =>
    texts.reduce((sum, text) => sum + costOf(tokensBound(text)), 0);
  const likelyOf = (texts: readonly string[]): number =>
    texts.reduce((sum, text) => sum + costOf(tokensLikely(text)), 0);

  async function embed(
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Outcome<ChunkVector>[]> {
    using limit = withDeadline(signal, deadlineMs);
    try {
      const answer = await client.invokeModel(
        { modelId, body: embeddingRequest(texts, config) },
        limit.signal,
      );
      const tokens = tokensOfEach(texts, answer.inputTokens);
      return parseEmbeddings(answer, texts.length, dimensions).map((vector, place) => {
        const counted = tokens[place] ?? 0;
        const costNanoUsd = costOf(counted);
        return vector instanceof Fault
          ? { ...rejected(vector), costNanoUsd }
          : { kind: 'ok', result: { vector_f32le_base64: vector, tokens: counted }, costNanoUsd };
      });
    } catch (error) {
      const fault = classify(error, { service: 'bedrock', stopped: limit.stopped() });
      return refusedAlone(fault, texts.length, boundOf(texts));
    }
  }

  return {
    id: idOf(modelId),
    parameters: { dimensions, input_type, truncate },
    limits: batchLimits(config.batch),
    isPaidPerCall: true,
    likelyNanoUsd: (items) => likelyOf(items.map(({ input }) => String(input))),
    boundNanoUsd: (items) => boundOf(items.map(({ input }) => String(input))),
    itemsOf: (row) => chunksOf(row, chunkLimits),
    groupOf: () => '',
    bytesOf,
    requestText: ({ input }) => String(input),
    call: (items, signal) => callWithSendable(items.map(sendable), (texts) => embed(texts, signal)),
    resultOf: (row, items, results) =>
      embeddingOf({ dimensions, truncated: isCut(row, items) }, items, results),
  };
}

/** A profile only says where the model answers. */
function idOf(modelId: VectorSettings['model_id']) {
  const [name = modelId, version = ''] = modelId.replace(/^(?:global|us|eu)\./, '').split(/-(?=v\d)/);
  return { kind: 'cohere-embedding', name, version };
}

function bytesOf({ input }: ModelItem): number {
  return typeof input === 'string' ? Buffer.byteLength(input) : 0;
}
