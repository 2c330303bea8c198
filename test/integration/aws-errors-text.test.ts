// Every error of Comprehend and Bedrock that the real clients can meet, driven through them against the stand-in.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultRule } from '../../services/aws-local/faults/rule.ts';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { enrichment as enrichmentSchema } from '../../shared/config/definition.ts';
import type { Fault, FaultKind } from '../../shared/errors/policy.ts';
import { openModel } from '../../shared/models/index.ts';

const NEVER = new AbortController().signal;

let awsLocal: AwsLocal;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
});
afterAll(() => awsLocal.close());
afterEach(() => awsLocal.control.reset());

/** What a call by the production client and model ended with, or the fault of its item. */
async function faultOf(model: object, texts: readonly string[]): Promise<Fault> {
  const enrichment = enrichmentSchema.parse({ from: 'rows', model, input: ['body'] });
  using opened = await openModel(enrichment, { mode: 'local', endpoint: awsLocal.url }, 4);
  const items = texts.map((input) => ({ input, language: 'en' }));
  try {
    const [outcome] = await opened.model.call(items, NEVER);
    if (outcome?.kind === 'rejected') return outcome.fault;
  } catch (error) {
    return error as Fault;
  }
  throw new Error('expected a fault');
}

type Injected = FaultRule['fault'];
const named = (name: string, status: number, message = 'Injected.'): Injected => ({
  kind: 'named',
  name,
  status,
  message,
});
type Line = readonly [what: string, fault: Injected, kind: FaultKind, code: string, status: number];

const OF_CREDENTIALS: readonly Line[] = [
  ['no permission', named('AccessDeniedException', 403), 'set_up', 'AccessDeniedException', 403],
  ['an unknown key', named('UnrecognizedClientException', 403), 'set_up', 'UnrecognizedClientException', 403],
  ['an expired token', named('ExpiredTokenException', 400), 'set_up', 'ExpiredTokenException', 400],
  ['a wrong secret', named('InvalidSignatureException', 403), 'set_up', 'InvalidSignatureException', 403],
];

const COMPREHEND: readonly Line[] = [
  ['throttled', { kind: 'throttle' }, 'throttled', 'ThrottlingException', 400],
  ['throttled by jobs', named('TooManyRequestsException', 429), 'throttled', 'TooManyRequestsException', 429],
  ['500', { kind: 'error', status: 500 }, 'unavailable', 'InternalServerException', 500],
  ['503', { kind: 'error', status: 503 }, 'unavailable', 'ServiceUnavailable', 503],
  [
    'too long a text',
    named('TextSizeLimitExceededException', 400),
    'rejected_batch',
    'TextSizeLimitExceededException',
    400,
  ],
  [
    'a language it has not',
    named('UnsupportedLanguageException', 400),
    'rejected_batch',
    'UnsupportedLanguageException',
    400,
  ],
  [
    'an invalid request',
    named('InvalidRequestException', 400),
    'rejected_batch',
    'InvalidRequestException',
    400,
  ],
  [
    'too many texts',
    named('BatchSizeLimitExceededException', 400),
    'unknown',
    'BatchSizeLimitExceededException',
    400,
  ],
  [
    'a resource that is away',
    named('ResourceUnavailableException', 400),
    'set_up',
    'ResourceUnavailableException',
    400,
  ],
  [
    'an account without the service',
    named('SubscriptionRequiredException', 400),
    'set_up',
    'SubscriptionRequiredException',
    400,
  ],
  ...OF_CREDENTIALS,
];

const MIR = 'Malformed input request:';
const BEDROCK: readonly Line[] = [
  ['throttled', { kind: 'throttle' }, 'throttled', 'ThrottlingException', 429],
  ['a model still loading', named('ModelNotReadyException', 429), 'throttled', 'ModelNotReadyException', 429],
  [
    'a quota that is spent',
    named('ServiceQuotaExceededException', 400),
    'throttled',
    'ServiceQuotaExceededException',
    400,
  ],
  ['500', { kind: 'error', status: 500 }, 'unavailable', 'InternalServerException', 500],
  ['503', { kind: 'error', status: 503 }, 'unavailable', 'ServiceUnavailableException', 503],
  ['408', { kind: 'error', status: 408 }, 'unavailable', 'ModelTimeoutException', 408],
  [
    'a model error',
    { kind: 'model_error', original_status: 500 },
    'rejected_item',
    'ModelErrorException',
    424,
  ],
  [
    'a model error in a stream',
    named('ModelStreamErrorException', 424),
    'rejected_item',
    'ModelStreamErrorException',
    424,
  ],
  [
    'too many tokens',
    named('ValidationException', 400, '400 Bad Request: Too many input tokens. Max input tokens: 8192'),
    'rejected_item',
    'ValidationException',
    400,
  ],
  [
    'too many characters',
    named('ValidationException', 400, `${MIR} expected maxLength: 50000, actual: 50001`),
    'rejected_item',
    'ValidationException',
    400,
  ],
  [
    'an empty text',
    named('ValidationException', 400, `${MIR} #/inputText: expected minLength: 1, actual: 0`),
    'rejected_item',
    'ValidationException',
    400,
  ],
  [
    'a list instead of a text',
    named('ValidationException', 400, `${MIR} expected type: String, found: JSONArray`),
    'unknown',
    'ValidationException',
    400,
  ],
  [
    'a model that wants a profile',
    named('ValidationException', 400, 'Invocation of model ID x with on-demand throughput isn’t supported.'),
    'set_up',
    'ValidationException',
    400,
  ],
  [
    'a model without access',
    named('ValidationException', 400, 'Operation not allowed'),
    'set_up',
    'ValidationException',
    400,
  ],
  ['no such model', named('ResourceNotFoundException', 404), 'set_up', 'ResourceNotFoundException', 404],
  ['a conflict', named('ConflictException', 400), 'unknown', 'ConflictException', 400],
  ...OF_CREDENTIALS,
];

describe.each([
  ['comprehend', { kind: 'comprehend' }, ['One text.', 'And another.'], COMPREHEND],
  ['bedrock', { kind: 'titan-embedding', dimensions: 256 }, ['One text.'], BEDROCK],
] as const)(
  '%s: one attempt, and the fault that the table of errors names',
  (_service, model, texts, lines) => {
    test.each(lines)('%s', async (_what, fault, kind, code, httpStatus) => {
      awsLocal.control.addFault({ fault, calls: 1 });
      expect(await faultOf(model, texts)).toMatchObject({ kind, code, httpStatus });
      expect(awsLocal.control.faults()).toMatchObject([{ struck: 1, left: 0 }]);
      expect(awsLocal.control.calls()).toMatchObject({
        operations: [{ calls: 1, rows: texts.length, paid_calls: 0 }],
        invocations: { distinct: 1, attempts_max: 1 },
      });
    });
  },
);
