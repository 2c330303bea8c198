/** $0.02 and $0.10 for a million tokens. */
const TOKEN_NANO_USD = {
  'amazon.titan-embed-text-v2:0': 20,
  'amazon.titan-embed-text-v1': 100,
} as const;

export type TitanModelId = keyof typeof TOKEN_NANO_USD;

export function embeddingNanoUsd(modelId: TitanModelId, tokens: number): number {
  return tokens * TOKEN_NANO_USD[modelId];
}
