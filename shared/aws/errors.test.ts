import { describe, expect, test } from 'vitest';
import { Fault, type FaultKind } from '../errors/policy.ts';
import { type AwsService, classify } from './errors.ts';

/** An error as the clients throw it. */
function thrown(
  name: string,
  status: number | undefined,
  members: object = {},
  message = 'said by the service',
) {
  const metadata = status === undefined ? {} : { $metadata: { httpStatusCode: status, requestId: 'r-1' } };
  return Object.assign(new Error(message), { name, ...metadata, ...members });
}

type Line = readonly [AwsService, string, number | undefined, FaultKind, object?, string?];

// One line or more for each line of the table of errors, in its order.
const LINES: readonly Line[] = [
  ['bedrock', 'ThrottlingException', 429, 'throttled'],
  ['sagemaker', 'ThrottlingException', 400, 'throttled'],
  ['comprehend', 'ThrottlingException', 400, 'throttled'],
  ['lambda', 'TooManyRequestsException', 429, 'throttled'],
  ['sagemaker', 'ModelNotReadyException', 429, 'throttled'],
  ['bedrock', 'ModelNotReadyException', 429, 'throttled'],
  ['bedrock', 'ServiceQuotaExceededException', 400, 'throttled'],
  ['comprehend', 'InternalServerException', 500, 'unavailable'],
  ['bedrock', 'InternalServerException', 500, 'unavailable'],
  ['sagemaker', 'InternalFailure', 500, 'unavailable'],
  ['lambda', 'ServiceException', 500, 'unavailable'],
  ['sagemaker', 'ServiceUnavailable', 503, 'unavailable'],
  ['bedrock', 'ServiceUnavailableException', 503, 'unavailable'],
  ['lambda', 'ENILimitReachedException', 502, 'unavailable'],
  ['lambda', 'KMSAccessDeniedException', 502, 'unavailable'],
  ['sagemaker', 'InternalDependencyException', 530, 'unavailable'],
  ['bedrock', 'ModelTimeoutException', 408, 'unavailable'],
  ['sagemaker', 'ModelError', 424, 'unavailable', { OriginalStatusCode: 0 }],
  ['sagemaker', 'ModelError', 424, 'unavailable', { OriginalStatusCode: 500 }],
  ['sagemaker', 'ModelError', 424, 'unavailable'],
  ['sagemaker', 'ModelError', 424, 'rejected_batch', { OriginalStatusCode: 400 }],
  ['sagemaker', 'ModelError', 424, 'rejected_batch', { OriginalStatusCode: 415 }],
  ['bedrock', 'ModelErrorException', 424, 'rejected_item', { originalStatusCode: 500 }],
  ['bedrock', 'ModelStreamErrorException', 424, 'rejected_item'],
  ['comprehend', 'TextSizeLimitExceededException', 400, 'rejected_batch'],
  ['comprehend', 'UnsupportedLanguageException', 400, 'rejected_batch'],
  ['comprehend', 'InvalidRequestException', 400, 'rejected_batch', { Reason: 'INVALID_DOCUMENT' }],
  ['comprehend', 'BatchSizeLimitExceededException', 400, 'unknown'],
  [
    'comprehend',
    'ValidationException',
    400,
    'set_up',
    {},
    "Value at 'languageCode' failed to satisfy constraint",
  ],
  [
    'comprehend',
    'ValidationException',
    400,
    'unknown',
    {},
    "Value at 'textList' failed to satisfy constraint",
  ],
  [
    'bedrock',
    'ValidationException',
    400,
    'rejected_item',
    {},
    'Too many input tokens. Max input tokens: 8192',
  ],
  [
    'bedrock',
    'ValidationException',
    400,
    'rejected_item',
    {},
    'Malformed input request: expected maxLength: 50000',
  ],
  [
    'bedrock',
    'ValidationException',
    400,
    'rejected_item',
    {},
    'Malformed input request: expected minLength: 1',
  ],
  ['bedrock', 'ValidationException', 400, 'unknown', {}, 'Malformed input request: expected type: String'],
  ['bedrock', 'ValidationException', 400, 'unknown', {}, '#/texts: expected maximum item count: 96'],
  [
    'bedrock',
    'ValidationException',
    400,
    'set_up',
    {},
    'Invocation of model ID x with on-demand throughput isn’t',
  ],
  ['bedrock', 'ValidationException', 400, 'set_up', {}, 'Operation not allowed'],
  ['bedrock', 'ConflictException', 400, 'unknown'],
  ['sagemaker', 'ValidationError', 400, 'rejected_batch', {}, 'Detected oversize body.'],
  ['sagemaker', 'ValidationError', 413, 'rejected_batch'],
  ['sagemaker', 'ValidationError', 400, 'set_up', {}, 'Endpoint x of account 000000000000 not found.'],
  ['lambda', 'RequestTooLargeException', 413, 'rejected_batch'],
  ['lambda', 'UnsupportedMediaTypeException', 415, 'unknown'],
  ['lambda', 'FunctionError', 200, 'rejected_batch'],
  ['lambda', 'FunctionError', 200, 'rejected_batch', { errorType: 'Sandbox.Timedout' }],
  ['lambda', 'FunctionError', 200, 'rejected_batch', { errorType: 'Function.ResponseSizeTooLarge' }],
  ['lambda', 'FunctionError', 200, 'rejected_batch', { errorType: 'constructor' }],
  ['lambda', 'FunctionError', 200, 'set_up', { errorType: 'Runtime.ImportModuleError' }],
  ['lambda', 'FunctionError', 200, 'set_up', { errorType: 'Runtime.HandlerNotFound' }],
  ['lambda', 'ServiceQuotaExceededException', 402, 'throttled'],
  ['lambda', 'SerializedRequestEntityTooLargeException', 413, 'rejected_batch'],
  ['lambda', 'ResourceConflictException', 409, 'unavailable'],
  ['lambda', 'SnapStartNotReadyException', 409, 'unavailable'],
  ['lambda', 'EFSIOException', 410, 'unavailable'],
  ['lambda', 'EFSMountTimeoutException', 408, 'unavailable'],
  ['lambda', 'EFSMountFailureException', 403, 'set_up'],
  ['lambda', 'InvalidParameterValueException', 400, 'set_up'],
  ['lambda', 'ModeNotSupportedException', 400, 'set_up'],
  ['lambda', 'RecursiveInvocationException', 400, 'set_up'],
  ['lambda', 'InvalidRequestContentException', 400, 'unknown'],
  ['bedrock', 'ResourceNotFoundException', 404, 'set_up'],
  ['lambda', 'ResourceNotFoundException', 404, 'set_up'],
  ['comprehend', 'ResourceUnavailableException', 404, 'set_up'],
  ['bedrock', 'AccessDeniedException', 403, 'set_up'],
  ['sagemaker', 'AccessDeniedException', 400, 'set_up'],
  ['sagemaker', 'UnrecognizedClientException', 403, 'set_up'],
  ['comprehend', 'ExpiredTokenException', 400, 'set_up'],
  ['sagemaker', 'InvalidSignatureException', 403, 'set_up'],
  ['comprehend', 'SubscriptionRequiredException', 400, 'set_up'],
  ['sts', 'ExpiredToken', 403, 'set_up'],
  ['sagemaker', 'CredentialsProviderError', undefined, 'set_up'],
  ['sagemaker', 'Error', undefined, 'set_up', {}, 'Region is missing'],
  ['sagemaker', 'TimeoutError', undefined, 'unavailable', { code: 'ETIMEDOUT' }],
  ['sagemaker', 'TimeoutError', undefined, 'unavailable', { code: 'ECONNRESET' }],
  ['sagemaker', 'Error', undefined, 'unavailable', { code: 'ECONNRESET' }],
  ['sagemaker', 'Error', undefined, 'unavailable', { code: 'ECONNREFUSED' }],
  ['sagemaker', 'Error', undefined, 'unavailable', { code: 'EAI_AGAIN' }],
  ['sagemaker', 'SyntaxError', 503, 'unavailable'],
  ['sagemaker', 'SyntaxError', 413, 'rejected_batch'],
  ['sagemaker', 'SyntaxError', 404, 'set_up'],
  ['sagemaker', 'Unknown', 503, 'unavailable'],
  ['sagemaker', 'Unknown', 413, 'rejected_batch'],
  ['sagemaker', 'Unknown', 404, 'set_up'],
  ['sagemaker', 'Unknown', 429, 'throttled'],
  ['comprehend', 'SyntaxError', 200, 'contract'],
  ['sagemaker', 'NeverHeardOfException', 400, 'unknown'],
  ['sagemaker', 'TypeError', undefined, 'unknown'],
];

describe('what the clients throw, line by line of the table of errors', () => {
  for (const [service, name, status, kind, members, message] of LINES) {
    test(`${service} ${name} ${status ?? ''} ${message ?? ''} is ${kind}`, () => {
      const fault = classify(thrown(name, status, members, message), { service });
      expect(fault.kind).toBe(kind);
      expect(fault.httpStatus).toBe(status);
    });
  }
});

describe('an abort', () => {
  const abort = Object.assign(new Error('Request aborted'), { name: 'AbortError' });

  test.each(['deadline', 'shutdown'] as const)('by our %s says so', (stopped) => {
    expect(classify(abort, { service: 'sagemaker', stopped })).toMatchObject({
      kind: 'unavailable',
      code: stopped,
    });
  });

  test('nobody asked for is a defect', () => {
    expect(classify(abort, { service: 'sagemaker' }).kind).toBe('unknown');
  });
});

describe('what a fault tells', () => {
  test('the service’s words about the set-up, and where it was answered', () => {
    const error = thrown(
      'AccessDeniedException',
      403,
      {},
      'User is not authorized to perform: sagemaker:InvokeEndpoint',
    );
    const fault = classify(error, { service: 'sagemaker' });
    expect(fault.message).toContain('sagemaker:InvokeEndpoint');
    expect(fault).toMatchObject({ code: 'AccessDeniedException', httpStatus: 403, requestId: 'r-1' });
  });

  const quoting: readonly Line[] = [
    [
      'sagemaker',
      'ModelError',
      424,
      'rejected_batch',
      { OriginalStatusCode: 400, OriginalMessage: 'secret' },
      'secret',
    ],
    [
      'sagemaker',
      'SyntaxError',
      404,
      'set_up',
      { $responseBodyText: 'secret' },
      'Unexpected token \'s\', "secret"',
    ],
    ['comprehend', 'ValidationException', 400, 'set_up', {}, "Value 'secret' at 'languageCode'"],
    ['lambda', 'FunctionError', 200, 'rejected_batch', { errorType: 'secret' }, 'secret'],
    ['lambda', 'FunctionError', 200, 'set_up', { errorType: 'Runtime.HandlerNotFound' }, 'secret'],
    ['bedrock', 'ValidationException', 400, 'unknown', {}, 'expected type: String, found: secret'],
  ];
  for (const [service, name, status, , members, message] of quoting) {
    test(`${service} ${name}: nothing that may quote a row`, () => {
      const fault = classify(thrown(name, status, members, message), { service });
      expect(`${fault.stack} ${JSON.stringify(fault)}`).not.toContain('secret');
      expect(fault.cause).toBeUndefined();
    });
  }

  test('a defect keeps its cause', () => {
    const defect = new TypeError('x is not a function');
    expect(classify(defect, { service: 'sagemaker' }).cause).toBe(defect);
  });

  test.each([undefined, null, 'text', 7, Object.create(null), { name: 5 }])(
    '%s is unknown, not a crash',
    (odd) => {
      expect(classify(odd, { service: 'sagemaker' }).kind).toBe('unknown');
    },
  );

  test('a fault stays what it is', () => {
    const fault = new Fault('contract', 'row_count', 'x');
    expect(classify(fault, { service: 'sagemaker' })).toBe(fault);
  });

  test.each(['constructor', '__proto__', 'toString'])('a name like %s finds nothing in the table', (name) => {
    expect(classify(thrown(name, 400), { service: 'sagemaker' }).kind).toBe('unknown');
  });
});
