import type { CohereEmbeddingModel } from '../../config/definition.ts';

export type CohereVersion = 'v3' | 'v4';

/** The part of the definition's `model` that decides what a vector is. */
export type VectorSettings = Pick<
  CohereEmbeddingModel,
  'model_id' | 'dimensions' | 'input_type' | 'truncate'
>;

export function versionOf(modelId: CohereEmbeddingModel['model_id']): CohereVersion {
  return modelId.endsWith('v3') ? 'v3' : 'v4';
}

/** What the two versions call what they leave out. */
const TRUNCATE = {
  v3: { none: 'NONE', start: 'START', end: 'END' },
  v4: { none: 'NONE', start: 'LEFT', end: 'RIGHT' },
} as const;

/** v3 refuses what it does not know, so only v4 is told a length. */
export function embeddingRequest(
  texts: readonly string[],
  { model_id, dimensions, input_type, truncate }: VectorSettings,
): string {
  const version = versionOf(model_id);
  const request = { texts, input_type, truncate: TRUNCATE[version][truncate], embedding_types: ['float'] };
  return JSON.stringify(version === 'v3' ? request : { ...request, output_dimension: dimensions });
}
