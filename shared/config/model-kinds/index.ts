import { z } from 'zod';
import { comprehend } from './comprehend.ts';
import type { ModelKind } from './model-kind.ts';
import { sagemaker } from './sagemaker.ts';
import { titanEmbedding } from './titan-embedding.ts';

/** A new kind is one file beside these and one entry here. */
export const MODEL_KINDS = {
  sagemaker,
  comprehend,
  'titan-embedding': titanEmbedding,
} as const satisfies Record<string, ModelKind>;

export const model = z.discriminatedUnion('kind', [
  sagemaker.schema,
  comprehend.schema,
  titanEmbedding.schema,
]);

export type ModelKindName = keyof typeof MODEL_KINDS;
export type SagemakerModel = z.output<typeof sagemaker.schema>;
export type ComprehendModel = z.output<typeof comprehend.schema>;
export type TitanEmbeddingModel = z.output<typeof titanEmbedding.schema>;

export function modelKind(kind: ModelKindName): ModelKind {
  return MODEL_KINDS[kind];
}
