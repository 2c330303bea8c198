import { z } from 'zod';
import { cohereEmbedding } from '../../models/cohere-embedding/config.ts';
import { comprehend } from '../../models/comprehend/config.ts';
import { lambda } from '../../models/lambda/config.ts';
import { sagemaker } from '../../models/sagemaker/config.ts';
import { titanEmbedding } from '../../models/titan-embedding/config.ts';
import type { ModelKind } from './model-kind.ts';

/** A new kind is one folder in shared/models and its name in these lists. */
export const MODEL_KINDS = {
  sagemaker,
  comprehend,
  'titan-embedding': titanEmbedding,
  'cohere-embedding': cohereEmbedding,
  lambda,
} as const satisfies Record<string, ModelKind>;

export const model = z.discriminatedUnion('kind', [
  sagemaker.schema,
  comprehend.schema,
  titanEmbedding.schema,
  cohereEmbedding.schema,
  lambda.schema,
]);

export type ModelKindName = keyof typeof MODEL_KINDS;
export type SagemakerModel = z.output<typeof sagemaker.schema>;
export type ComprehendModel = z.output<typeof comprehend.schema>;
export type CohereEmbeddingModel = z.output<typeof cohereEmbedding.schema>;
export type TitanEmbeddingModel = z.output<typeof titanEmbedding.schema>;

export function modelKind(kind: ModelKindName): ModelKind {
  return MODEL_KINDS[kind];
}
