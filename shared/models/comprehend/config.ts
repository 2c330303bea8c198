import { z } from 'zod';
import type { ModelKind } from '../../config/model-kinds/model-kind.ts';
import { about, duration, rate } from '../../config/values.ts';

export const LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'hi', 'it', 'ja', 'ko', 'pt', 'zh', 'zh-TW'] as const;

export const comprehend = {
  schema: z
    .strictObject({
      kind: z.literal('comprehend'),
      language: z
        .strictObject({
          column: z
            .string()
            .min(1)
            .meta(about('Column that says it, as BCP 47.', 'language'))
            .exactOptional(),
          detect: z
            .enum(['when_missing', 'never'])
            .meta(
              about(
                'Whether to pay for detection (20 characters or more) when the column says nothing.',
                'when_missing',
              ),
            )
            .default('when_missing'),
          fallback: z.enum(LANGUAGES).meta(about('Taken when nothing else says it.', 'en')).default('en'),
        })
        .meta(about('How the language of a text is known; texts outside the twelve languages are skipped.'))
        .prefault({}),
      batch: z
        .strictObject({
          rows: z
            .int()
            .min(1)
            .max(25)
            .meta(about('Most texts in one call; the service takes 25.', 25))
            .default(25),
          wait: duration(
            'How long the first text may wait for company while calls are in flight.',
            '50ms',
          ).prefault('50ms'),
        })
        .meta(about('Micro-batches: a call goes out when one of the limits is reached.'))
        .prefault({}),
      rate: rate("Most calls: the account's quota, shared by all workers.", '10/s').prefault('10/s'),
    })
    .meta(about('Amazon Comprehend: sentiment of a text.')),
  input: 'text',
  outputs: {
    label: 'text',
    confidence: 'float',
    positive: 'float',
    negative: 'float',
    neutral: 'float',
    mixed: 'float',
    language: 'text',
    /** column, detected or fallback. */
    language_origin: 'text',
    /** Only the first 5,000 bytes of the text were read. */
    truncated: 'bool',
  },
  refusedActions: { reject: 'sentiment may hold a text for a person to read, never reject it' },
} satisfies ModelKind;
