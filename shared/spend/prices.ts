// What calls are reckoned at. No service tells its prices with an answer, so somebody looked them up, and says where and when.
import { z } from 'zod';
import { about } from '../config/values.ts';

const usd = (description: string, example: number) =>
  z.number().min(0).max(1_000_000).meta(about(description, example)).default(example);

export const prices = z
  .strictObject({
    as_of: z.iso
      .date()
      .meta(about('The day on which somebody looked; after half a year a warning says so.', '2026-11-01'))
      .default('2026-11-01'),
    source: z
      .string()
      .min(1)
      .meta(about('Where they were looked up.', 'the contract of 2026'))
      .default("AWS's price pages and published bills, first tier: look at your own bill"),
    comprehend_unit_usd: usd('Comprehend: 100 characters; a text has at least three such units.', 0.0001),
    titan_v2_million_tokens_usd: usd('Titan Text Embeddings V2: a million tokens.', 0.02),
    titan_v1_million_tokens_usd: usd('Titan Text Embeddings V1: a million tokens.', 0.1),
    cohere_v3_million_tokens_usd: usd('Cohere Embed v3: a million tokens.', 0.1),
    cohere_v4_million_tokens_usd: usd(
      'Cohere Embed v4: a million tokens. An assumption, found in no price list: look it up.',
      0.12,
    ),
    lambda_gb_second_usd: usd('Lambda: a GB-second of a function on x86.', 0.0000166667),
    lambda_arm_gb_second_usd: usd('Lambda: a GB-second of a function on ARM.', 0.0000133334),
    lambda_million_requests_usd: usd('Lambda: a million calls, beside their GB-seconds.', 0.2),
    text_million_input_tokens_usd: usd('A model that answers questions: a million tokens in.', 3),
    text_million_output_tokens_usd: usd('The same: a million tokens out.', 15),
    aurora_acu_hour_usd: usd('Aurora Serverless v2: a capacity unit for an hour.', 0.12),
    aurora_gb_month_usd: usd('Aurora: a gigabyte for a month.', 0.1),
    aurora_million_ios_usd: usd('Aurora: a million reads and writes.', 0.2),
    endpoint_hour_usd: z
      .record(z.string(), z.number().min(0).max(1_000_000).meta(about('All its instances together.', 0.269)))
      .meta(
        about(
          'SageMaker endpoints, paid by the hour: only the forecast needs it, their calls cost nothing.',
          {
            'fraud-xgboost': 0.269,
          },
        ),
      )
      .default({}),
  })
  .meta(about('What calls are reckoned at, in US dollars.', { as_of: '2026-11-01' }));

export type Prices = z.output<typeof prices>;

export const DEFAULT_PRICES: Prices = prices.parse({});

const OLD_AFTER_DAYS = 180;
const DAY_MS = 86_400_000;

/** What to say of prices that nobody has looked at for half a year. */
export function oldPricesText({ as_of, source }: Prices, nowMs: number): string | undefined {
  const days = Math.floor((nowMs - Date.parse(as_of)) / DAY_MS);
  if (days <= OLD_AFTER_DAYS) return undefined;
  return `Prices are those of ${as_of} (${source}), ${days} days old: look them up and write them under \`prices\` in the definition file.`;
}
