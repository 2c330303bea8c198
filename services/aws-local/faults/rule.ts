import { z } from 'zod';

const DELAY_MAX_MS = 600_000;
const delay = z.number().min(0).max(DELAY_MAX_MS);
const place = z.enum(['before_answer', 'in_body']);

export const fault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('latency'), latency_ms: delay, jitter_ms: delay.default(0) }),
  // 400 is how SageMaker and Comprehend throttle, 429 is how the others do.
  z.strictObject({
    kind: z.literal('throttle'),
    status: z.union([z.literal(400), z.literal(429)]).default(400),
  }),
  z.strictObject({
    kind: z.literal('error'),
    status: z.union([z.literal(500), z.literal(503), z.literal(530)]),
  }),
  z.strictObject({ kind: z.literal('model_error'), original_status: z.int().min(0).max(599) }),
  // Any other error by its name, e.g. AccessDeniedException or ExpiredTokenException.
  z.strictObject({
    kind: z.literal('named'),
    name: z.string().regex(/^[A-Za-z]{1,80}$/),
    status: z.int().min(400).max(599),
    message: z.string().max(300).default('Injected.'),
  }),
  // Not AWS at all: a proxy's page, or nothing.
  z.strictObject({
    kind: z.literal('bare'),
    status: z.int().min(200).max(599),
    body: z.enum(['html', 'empty']),
  }),
  z.strictObject({ kind: z.literal('cut'), place }),
  z.strictObject({ kind: z.literal('stall'), place }),
  z.strictObject({
    kind: z.literal('rows'),
    change: z
      .int()
      .min(-10_000)
      .max(10_000)
      .refine((change) => change !== 0),
  }),
  z.strictObject({ kind: z.literal('not_a_number') }),
  z.strictObject({ kind: z.literal('malformed') }),
  z.strictObject({ kind: z.literal('empty') }),
]);

/** What to do to which calls. Everything left out matches all; without `calls` it stays until it is removed. */
export const faultRule = z.strictObject({
  operation: z.string().max(100).exactOptional(),
  endpoint: z.string().max(200).exactOptional(),
  /** Only calls with a row that has this number at this column, counted from 0. */
  input: z.strictObject({ column: z.int().min(0).max(10_000), equals: z.number() }).exactOptional(),
  calls: z.int().min(1).max(1_000_000).exactOptional(),
  fault,
});

export type Fault = z.output<typeof fault>;
export type FaultRule = z.input<typeof faultRule>;
