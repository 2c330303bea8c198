import { z } from 'zod';
import type { ModelKind } from '../../config/model-kinds/model-kind.ts';
import { about, duration, rate } from '../../config/values.ts';
import { rowBatch } from '../row-batch.ts';
import { TIMEOUT_MAX_MS } from './limits.ts';

export const lambda = {
  schema: z
    .strictObject({
      kind: z.literal('lambda'),
      function: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/)
        .meta(about('Name of the function.', 'score-orders')),
      qualifier: z
        .string()
        .regex(/^(?:\$LATEST|[A-Za-z0-9_-]{1,128})$/)
        .meta(about('Which version or alias of the function, instead of the latest.', 'live'))
        .exactOptional(),
      version: z
        .string()
        .min(1)
        .max(64)
        .meta(
          about(
            'Yours to declare, since an alias does not tell: change it when the function changes. Part of what is paid once.',
            '2026-10',
          ),
        ),
      timeout: duration(
        'The time-out that the function has. A call is awaited a little longer, and priced as if it took all of it.',
        '10s',
      ),
      memory_mb: z
        .int()
        .min(128)
        .max(10_240)
        .meta(about('The memory that the function has, in MB: a call costs time-out x memory.', 512)),
      architecture: z
        .enum(['x86_64', 'arm64'])
        .meta(about('The processor that the function runs on: they have different prices.', 'arm64'))
        .default('x86_64'),
      batch: rowBatch,
      rate: rate(
        'Most calls, shared by all workers; without it only the concurrency of the function sets the pace.',
        '50/s',
      ).exactOptional(),
    })
    .meta(
      about(
        'An AWS Lambda function: a list of keyed rows of numbers in, a list of keyed results out. For what no other kind can do.',
      ),
    ),
  input: 'tabular',
  outputs: 'declared',
  refusedActions: {},
  problemOf({ timeout }) {
    if (typeof timeout !== 'number' || timeout <= TIMEOUT_MAX_MS) return undefined;
    return { setting: 'timeout', message: 'no function may take longer than 15 minutes', instead: '15m' };
  },
} satisfies ModelKind;
