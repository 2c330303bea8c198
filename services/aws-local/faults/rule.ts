import { z } from 'zod';

const DELAY_MAX_MS = 600_000;
const delay = z.number().min(0).max(DELAY_MAX_MS);
const place = z.enum(['before_answer', 'in_body']);

/** What comes later, or not at all. */
const timing = [
  z.strictObject({ kind: z.literal('latency'), latency_ms: delay, jitter_ms: delay.default(0) }),
  // After `idle_ms` without a call the next one starts the model: it waits, or is told that nothing is ready yet.
  z.strictObject({
    kind: z.literal('cold_start'),
    latency_ms: delay,
    idle_ms: z.number().min(0).max(86_400_000).default(300_000),
    answer: z.enum(['wait', 'not_ready']).default('wait'),
  }),
  z.strictObject({ kind: z.literal('drip'), duration_ms: delay }),
  z.strictObject({ kind: z.literal('cut'), place }),
  z.strictObject({ kind: z.literal('stall'), place }),
] as const;

/** What a service, or something before it, says instead of an answer. */
const refusals = [
  // 400 is how SageMaker and Comprehend throttle, 429 is how Bedrock does; left out: as the service does.
  z.strictObject({
    kind: z.literal('throttle'),
    status: z.union([z.literal(400), z.literal(429)]).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('error'),
    status: z.union([z.literal(408), z.literal(500), z.literal(503), z.literal(530)]),
  }),
  z.strictObject({ kind: z.literal('model_error'), original_status: z.int().min(0).max(599) }),
  // Any other error by its name, e.g. AccessDeniedException or ExpiredTokenException.
  z.strictObject({
    kind: z.literal('named'),
    name: z.string().regex(/^[A-Za-z]{1,80}$/),
    status: z.int().min(400).max(599),
    message: z.string().max(300).default('Injected.'),
    name_in: z.enum(['both', 'header', 'body']).default('both'),
  }),
  // Not AWS at all: a proxy's page, or nothing.
  z.strictObject({
    kind: z.literal('bare'),
    status: z.int().min(200).max(599),
    body: z.enum(['html', 'empty']),
  }),
] as const;

/** What is wrong with an answer of status 200. */
const bends = [
  z.strictObject({
    kind: z.literal('rows'),
    change: z
      .int()
      .min(-10_000)
      .max(10_000)
      .refine((change) => change !== 0),
  }),
  z.strictObject({ kind: z.literal('reordered') }),
  z.strictObject({ kind: z.literal('repeated_index') }),
  z.strictObject({
    kind: z.literal('item_error'),
    code: z.string().max(100).default('InternalServerException'),
    message: z.string().max(300).default('An internal server error occurred. Retry your request.'),
  }),
  z.strictObject({ kind: z.literal('not_a_number'), as: z.enum(['null', 'text', 'bare']).exactOptional() }),
  z.strictObject({ kind: z.literal('zero_vector') }),
  z.strictObject({ kind: z.literal('width'), dimensions: z.int().min(0).max(10_000) }),
  // A function that fails answers 200 all the same; `type` is what Lambda or the function calls it.
  z.strictObject({
    kind: z.literal('function_error'),
    type: z.string().max(100).default('Error'),
    message: z.string().max(300).default('Injected failure of the function.'),
  }),
  z.strictObject({ kind: z.literal('malformed') }),
  z.strictObject({ kind: z.literal('truncated') }),
  z.strictObject({ kind: z.literal('empty') }),
  z.strictObject({
    kind: z.literal('skewed_date'),
    skew_ms: z.int().min(-86_400_000).max(86_400_000),
  }),
] as const;

const fault = z.discriminatedUnion('kind', [...timing, ...refusals, ...bends]);

/** Only calls with such an input: a row with this number at this column, counted from 0, or a text that holds this one. */
const inputMatch = z.union([
  z.strictObject({ column: z.int().min(0).max(10_000), equals: z.number() }),
  z.strictObject({ contains: z.string().min(1).max(300) }),
]);

/** What to do to which calls. Everything left out matches all; without `calls` and `for_ms` it stays until it is removed. */
export const faultRule = z.strictObject({
  operation: z.string().max(100).exactOptional(),
  endpoint: z.string().max(300).exactOptional(),
  input: inputMatch.exactOptional(),
  /** Of the calls that fit, about this part; which ones follows from the seed. */
  share: z.number().gt(0).max(1).exactOptional(),
  calls: z.int().min(1).max(1_000_000).exactOptional(),
  for_ms: z.number().min(1).max(86_400_000).exactOptional(),
  fault,
});

export type Fault = z.output<typeof fault>;
export type FaultRule = z.input<typeof faultRule>;
export type InputMatch = z.output<typeof inputMatch>;
