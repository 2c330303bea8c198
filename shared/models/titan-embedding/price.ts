import { ofMillion } from '../../spend/nano-usd.ts';
import type { Prices } from '../../spend/prices.ts';
import { likelyTokens } from '../likely-tokens.ts';

/** The setting of the price of a million tokens. */
const PRICE = {
  'amazon.titan-embed-text-v2:0': 'titan_v2_million_tokens_usd',
  'amazon.titan-embed-text-v1': 'titan_v1_million_tokens_usd',
} as const;

export type TitanModelId = keyof typeof PRICE;

export function embeddingNanoUsd(modelId: TitanModelId, tokens: number, prices: Prices): number {
  return ofMillion(tokens, prices[PRICE[modelId]]);
}

export function embeddingLikelyNanoUsd(modelId: TitanModelId, text: string, prices: Prices): number {
  return embeddingNanoUsd(modelId, likelyTokens(text), prices);
}

/** Before the call nobody knows the tokens of a text; it never has more than bytes. */
export function embeddingBoundNanoUsd(modelId: TitanModelId, text: string, prices: Prices): number {
  return embeddingNanoUsd(modelId, Buffer.byteLength(text), prices);
}
