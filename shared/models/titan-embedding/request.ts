import type { TitanModelId } from './price.ts';

export interface VectorSettings {
  readonly modelId: TitanModelId;
  readonly dimensions: number;
  readonly normalize: boolean;
}

/** V1 refuses what it does not know, so it gets the text alone. */
export function embeddingRequest(text: string, { modelId, dimensions, normalize }: VectorSettings): string {
  const settings = modelId === 'amazon.titan-embed-text-v1' ? {} : { dimensions, normalize };
  return JSON.stringify({ inputText: text, ...settings });
}
