import { z } from 'zod';

const amount = z.number().gt(0).max(1_000_000_000).exactOptional();

/** One quota; all the calls it fits draw on it together. */
export const quotaRule = z
  .strictObject({
    operation: z.string().max(100).exactOptional(),
    endpoint: z.string().max(300).exactOptional(),
    calls_per_second: amount,
    calls_per_minute: amount,
    documents_per_second: amount,
    tokens_per_minute: amount,
    /** Calls under way at once. */
    concurrency: z.int().min(0).max(1_000_000).exactOptional(),
    /** What the buckets hold when full; left out: what flows in during their second or minute. A drained account holds little. */
    burst: amount,
  })
  .refine(
    (rule) =>
      [
        rule.calls_per_second,
        rule.calls_per_minute,
        rule.documents_per_second,
        rule.tokens_per_minute,
        rule.concurrency,
      ].some((limit) => limit !== undefined),
    'it limits nothing',
  );

export type QuotaRule = z.output<typeof quotaRule>;

/** What an account of AWS begins with, adjustable there. */
export const AWS_QUOTAS: readonly QuotaRule[] = [
  ...['BatchDetectSentiment', 'BatchDetectDominantLanguage'].map((operation) => ({
    operation,
    calls_per_second: 10,
    documents_per_second: 250,
  })),
  { operation: 'DetectSentiment', calls_per_second: 20 },
  { operation: 'DetectDominantLanguage', calls_per_second: 40 },
  ...['amazon.titan-embed-text-v2:0', 'amazon.titan-embed-text-v1'].map((endpoint) => ({
    operation: 'InvokeModel',
    endpoint,
    calls_per_minute: 6_000,
  })),
  ...['cohere.embed-english-v3', 'cohere.embed-multilingual-v3', 'global.cohere.embed-v4:0'].map(
    (endpoint) => ({
      operation: 'InvokeModel',
      endpoint,
      calls_per_minute: 20,
    }),
  ),
];
