import type { BedrockRuntime } from '../../aws/bedrock-runtime.ts';
import { classify } from '../../aws/errors.ts';
import type { Embedding } from '../../contracts/events.ts';
import { Fault } from '../../errors/policy.ts';
import { DEFAULT_PRICES } from '../../spend/prices.ts';
import { withDeadline } from '../deadline.ts';
import type { Model, ModelItem, Outcome } from '../model.ts';
import { refusedAlone } from '../refusal.ts';
import { type ChunkVector, embeddingOf } from '../vectors.ts';
import { chunksOf, isCut } from './input.ts';
import { BATCH_LIMITS, DEADLINE_MS_DEFAULT } from './limits.ts';
import {
  embeddingBoundNanoUsd,
  embeddingLikelyNanoUsd,
  embeddingNanoUsd,
  type TitanModelId,
} from './price.ts';
import { embeddingRequest } from './request.ts';
import { parseEmbedding } from './response.ts';

/** The part of the definition's `model` that this kind reads. */
export interface TitanEmbeddingConfig {
  readonly model_id: TitanModelId;
  readonly dimensions: number;
  readonly normalize: boolean;
  readonly max_chunks: number;
}

/** A text's chunks to Titan, one a call: a vector for each of them. */
export function createTitanEmbeddingModel(
  config: TitanEmbeddingConfig,
  client: BedrockRuntime,
  { deadlineMs = DEADLINE_MS_DEFAULT, prices = DEFAULT_PRICES } = {},
): Model<ChunkVector, Embedding> {
  const { model_id: modelId, dimensions, normalize } = config;
  const [name = modelId, version = ''] = modelId.split(/-(?=v\d)/);

  async function embed(item: ModelItem, signal: AbortSignal): Promise<readonly Outcome<ChunkVector>[]> {
    using limit = withDeadline(signal, deadlineMs);
    try {
      const body = embeddingRequest(textOf(item), { modelId, dimensions, normalize });
      const answer = await client.invokeModel({ modelId, body }, limit.signal);
      const result = parseEmbedding(answer, dimensions);
      return [{ kind: 'ok', result, costNanoUsd: embeddingNanoUsd(modelId, result.tokens, prices) }];
    } catch (error) {
      const fault = classify(error, { service: 'bedrock', stopped: limit.stopped() });
      return refusedAlone(fault, 1, embeddingBoundNanoUsd(modelId, String(item.input), prices));
    }
  }

  return {
    id: { kind: 'titan-embedding', name, version },
    parameters: { dimensions, normalize },
    limits: BATCH_LIMITS,
    isPaidPerCall: true,
    likelyNanoUsd: (items) =>
      items.reduce((sum, { input }) => sum + embeddingLikelyNanoUsd(modelId, String(input), prices), 0),
    boundNanoUsd: (items) =>
      items.reduce((sum, { input }) => sum + embeddingBoundNanoUsd(modelId, String(input), prices), 0),
    itemsOf: (row) => chunksOf(row, config.max_chunks),
    groupOf: () => '',
    bytesOf: ({ input }) => (typeof input === 'string' ? Buffer.byteLength(input) : 0),
    requestText: ({ input }) => String(input),
    async call(items, signal) {
      const [item, ...others] = items;
      if (item === undefined) return [];
      if (others.length > 0) throw new Fault('unknown', 'batch', 'Titan takes one text a call.');
      return await embed(item, signal);
    },
    resultOf: (row, items, results) =>
      embeddingOf({ dimensions, truncated: isCut(row, items) }, items, results),
  };
}

function textOf({ input }: ModelItem): string {
  if (typeof input === 'string' && input.trim() !== '') return input;
  throw new Fault('rejected_item', 'empty_text', 'A titan-embedding model takes a text that is not blank.');
}
