// What a month of traffic costs, item by item, before anything is switched on. Pure.
import { charactersNanoUsd } from '../models/comprehend/price.ts';
import { nanoUsdOf, ofMillion } from './nano-usd.ts';
import type { Prices } from './prices.ts';

export const HOURS_PER_MONTH = 730;

/** Of a month. What is left out costs nothing. */
export interface MonthlyTraffic {
  readonly sentiment?: {
    readonly texts: number;
    readonly charactersEach: number;
    /** Texts whose language nobody tells are paid once more. */
    readonly detected: number;
  };
  readonly embeddingTokens?: number;
  readonly textTokens?: { readonly input: number; readonly output: number };
  /** By endpoint. */
  readonly endpointHours?: Readonly<Record<string, number>>;
  readonly aurora?: { readonly acuHours: number; readonly storedGb: number; readonly ios: number };
}

export interface MonthlyItem {
  readonly what: string;
  readonly nanoUsd: number;
}

export function monthlyItems(traffic: MonthlyTraffic, prices: Prices): readonly MonthlyItem[] {
  const { sentiment, embeddingTokens, textTokens, endpointHours = {}, aurora } = traffic;
  const items: MonthlyItem[] = [];
  if (sentiment !== undefined) {
    const each = charactersNanoUsd(sentiment.charactersEach, prices);
    items.push({ what: 'sentiment', nanoUsd: sentiment.texts * each });
    items.push({ what: 'language detection', nanoUsd: sentiment.detected * each });
  }
  if (embeddingTokens !== undefined) {
    items.push({
      what: 'embedding',
      nanoUsd: ofMillion(embeddingTokens, prices.titan_v2_million_tokens_usd),
    });
  }
  if (textTokens !== undefined) {
    items.push({
      what: 'tokens in',
      nanoUsd: ofMillion(textTokens.input, prices.text_million_input_tokens_usd),
    });
    items.push({
      what: 'tokens out',
      nanoUsd: ofMillion(textTokens.output, prices.text_million_output_tokens_usd),
    });
  }
  for (const [endpoint, hours] of Object.entries(endpointHours)) {
    const hourUsd = prices.endpoint_hour_usd[endpoint];
    if (hourUsd !== undefined)
      items.push({ what: `endpoint ${endpoint}`, nanoUsd: hours * nanoUsdOf(hourUsd) });
  }
  if (aurora !== undefined) {
    items.push({
      what: 'Aurora capacity',
      nanoUsd: Math.round(aurora.acuHours * nanoUsdOf(prices.aurora_acu_hour_usd)),
    });
    items.push({
      what: 'Aurora storage',
      nanoUsd: Math.round(aurora.storedGb * nanoUsdOf(prices.aurora_gb_month_usd)),
    });
    items.push({ what: 'Aurora I/O', nanoUsd: ofMillion(aurora.ios, prices.aurora_million_ios_usd) });
  }
  return items.filter(({ nanoUsd }) => nanoUsd > 0);
}

/** With logical replication on, an Aurora Serverless cluster never pauses: this much is always awake. */
export const AURORA_FLOOR: NonNullable<MonthlyTraffic['aurora']> = {
  acuHours: 0.5 * HOURS_PER_MONTH,
  storedGb: 0,
  ios: 0,
};
