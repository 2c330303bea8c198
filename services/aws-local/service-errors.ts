import { AwsError } from './errors.ts';
import type { ServiceName } from './operation.ts';

type Names = Readonly<Partial<Record<number, string>>>;

/** What each service calls its own failures, by status; a status that is missing here it never answers with. */
const FAILURES: Readonly<Record<ServiceName, Names>> = {
  bedrock: {
    408: 'ModelTimeoutException',
    500: 'InternalServerException',
    503: 'ServiceUnavailableException',
  },
  comprehend: { 500: 'InternalServerException', 503: 'ServiceUnavailable' },
  lambda: { 500: 'ServiceException' },
  sagemaker: { 500: 'InternalFailure', 503: 'ServiceUnavailable', 530: 'InternalDependencyException' },
  sts: { 500: 'InternalFailure', 503: 'ServiceUnavailable' },
};

const MESSAGES: Readonly<Record<ServiceName, Readonly<Record<'calls' | 'tokens', string>>>> = {
  bedrock: {
    calls: 'Too many requests, please wait before trying again.',
    tokens: 'Too many tokens, please wait before trying again.',
  },
  comprehend: { calls: 'Rate exceeded', tokens: 'Rate exceeded' },
  lambda: { calls: 'Rate Exceeded.', tokens: 'Rate Exceeded.' },
  sagemaker: { calls: 'Rate exceeded', tokens: 'Rate exceeded' },
  sts: { calls: 'Rate exceeded', tokens: 'Rate exceeded' },
};

export function failureName(service: ServiceName, status: number): string | undefined {
  return FAILURES[service][status];
}

/** Bedrock and Lambda throttle with 429, the others with 400. */
export function throttled(
  service: ServiceName,
  {
    status = service === 'bedrock' || service === 'lambda' ? 429 : 400,
    what = 'calls' as 'calls' | 'tokens',
    reason = 'ConcurrentInvocationLimitExceeded',
  } = {},
): AwsError {
  if (service === 'lambda') {
    const members = { Type: 'User', Reason: reason };
    return new AwsError('TooManyRequestsException', status, MESSAGES.lambda[what], members);
  }
  return new AwsError('ThrottlingException', status, MESSAGES[service][what]);
}

export function notReady(): AwsError {
  return new AwsError('ModelNotReadyException', 429, 'The model is not ready yet. Try again later.');
}

/** A body that is more than the service itself lets through. */
export function oversize(service: ServiceName): AwsError {
  if (service === 'sagemaker') return new AwsError('ValidationError', 400, 'Detected oversize body.');
  return service === 'lambda'
    ? new AwsError('RequestTooLargeException', 413, 'The request body is too large.')
    : new AwsError('ValidationException', 400, 'The request body is too large.');
}
