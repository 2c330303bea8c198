import { Fault, type FaultKind } from '../errors/policy.ts';

export type AwsService = 'sagemaker' | 'comprehend' | 'bedrock' | 'lambda' | 'sts';

export interface CallContext {
  readonly service: AwsService;
  /** Why our own signal aborted the call, if it did: the client's AbortError does not say. */
  readonly stopped?: 'deadline' | 'shutdown' | undefined;
}

/** Names are matched, texts only where AWS has one name for several things. */
const KIND_BY_NAME: Readonly<Record<string, FaultKind>> = {
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  TooManyRequestsException: 'throttled',
  ModelNotReadyException: 'throttled',
  ServiceQuotaExceededException: 'throttled', // the code tells it from the rest: this one lasts
  InternalServerException: 'unavailable',
  InternalFailure: 'unavailable',
  InternalDependencyException: 'unavailable',
  ServiceException: 'unavailable',
  ServiceUnavailable: 'unavailable',
  ServiceUnavailableException: 'unavailable',
  ModelTimeoutException: 'unavailable',
  TimeoutError: 'unavailable',
  RequestTimeout: 'unavailable',
  ModelErrorException: 'rejected_item',
  ModelStreamErrorException: 'rejected_item',
  TextSizeLimitExceededException: 'rejected_batch',
  UnsupportedLanguageException: 'rejected_batch',
  InvalidRequestException: 'rejected_batch',
  RequestTooLargeException: 'rejected_batch',
  FunctionError: 'rejected_batch',
  SnapStartNotReadyException: 'unavailable',
  SnapStartRegenerationFailureException: 'unavailable',
  CodeArtifactUserPendingException: 'unavailable',
  ResourceConflictException: 'unavailable', // the function is being changed
  EFSIOException: 'unavailable',
  BatchSizeLimitExceededException: 'unknown', // our own defect: the limit is checked before the call
  UnsupportedMediaTypeException: 'unknown',
  ConflictException: 'unknown',
  InvalidRequestContentException: 'unknown', // our own defect: we write the JSON
  InvalidParameterValueException: 'set_up',
  ModeNotSupportedException: 'set_up',
  NoPublishedVersionException: 'set_up',
  RecursiveInvocationException: 'set_up',
  SnapStartException: 'set_up',
  CodeArtifactUserDeletedException: 'set_up',
  CodeArtifactUserFailedException: 'set_up',
  ResourceNotFoundException: 'set_up',
  ResourceUnavailableException: 'set_up',
  AccessDeniedException: 'set_up',
  AccessDenied: 'set_up',
  UnrecognizedClientException: 'set_up',
  InvalidClientTokenId: 'set_up',
  ExpiredTokenException: 'set_up',
  ExpiredToken: 'set_up',
  InvalidSignatureException: 'set_up',
  SignatureDoesNotMatch: 'set_up',
  IncompleteSignatureException: 'set_up',
  MissingAuthenticationTokenException: 'set_up',
  SubscriptionRequiredException: 'set_up',
  CredentialsProviderError: 'set_up',
};

/** What Lambda itself calls the failures of a function; any other name is the function's own, and may hold anything. */
const FUNCTION_ERRORS: Readonly<Record<string, FaultKind>> = {
  'Sandbox.Timedout': 'rejected_batch',
  'Runtime.ExitError': 'rejected_batch',
  'Runtime.OutOfMemory': 'rejected_batch',
  'Function.ResponseSizeTooLarge': 'rejected_batch',
  // None of its rows has anything to do with these.
  'Runtime.ImportModuleError': 'set_up',
  'Runtime.HandlerNotFound': 'set_up',
  'Runtime.UserCodeSyntaxError': 'set_up',
};

/** What a service says of credentials that it does not take, or not for this: new ones may be better. */
const OF_CREDENTIALS = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
]);

const NETWORK_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Whether the same call may pass with other credentials. */
export function isAboutCredentials(error: unknown): boolean {
  return OF_CREDENTIALS.has(text(member(error, 'name')) ?? '');
}

/** What a client of AWS threw, as a fault: the one place that knows their names. Never throws. */
export function classify(error: unknown, context: CallContext): Fault {
  if (error instanceof Fault) return error;
  const seen = observe(error);
  if (seen.name === 'AbortError' && context.stopped !== undefined) {
    const message =
      context.stopped === 'deadline' ? 'No answer before the deadline.' : 'Stopped while calling.';
    return new Fault('unavailable', context.stopped, message);
  }
  const kind = kindOf(seen, context);
  const details = { httpStatus: seen.status, requestId: seen.requestId };
  // An error without a status is ours or the network's and quotes no row; anything from a model may.
  const cause = kind === 'unknown' && seen.status === undefined ? { cause: error } : {};
  return new Fault(kind, codeOf(seen), describe(seen, kind, context), { ...details, ...cause });
}

interface Observed {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly networkCode: string | undefined;
  /** What the container itself answered; 0 when it did not. */
  readonly containerStatus: number;
  /** Of those that Lambda itself gives. */
  readonly functionError: string | undefined;
}

function kindOf(seen: Observed, { service }: CallContext): FaultKind {
  if (seen.name === 'ModelError')
    return isClientError(seen.containerStatus) ? 'rejected_batch' : 'unavailable';
  if (seen.functionError !== undefined) return FUNCTION_ERRORS[seen.functionError] ?? 'rejected_batch';
  if (seen.name === 'ValidationError' && service === 'sagemaker') return validationOfSagemaker(seen);
  if (seen.name === 'ValidationException' && service === 'bedrock') return validationOfBedrock(seen.message);
  if (seen.name === 'ValidationException' && service === 'comprehend') {
    return seen.message.includes('languageCode') ? 'set_up' : 'unknown';
  }
  if (Object.hasOwn(KIND_BY_NAME, seen.name)) return KIND_BY_NAME[seen.name] ?? 'unknown';
  if (seen.networkCode !== undefined && NETWORK_CODES.has(seen.networkCode)) return 'unavailable';
  if (seen.message === 'Region is missing') return 'set_up';
  return kindByStatus(seen);
}

function validationOfSagemaker({ message, status }: Observed): FaultKind {
  return status === 413 || message.includes('oversize') ? 'rejected_batch' : 'set_up';
}

function validationOfBedrock(message: string): FaultKind {
  if (/\btokens?\b/i.test(message)) return 'rejected_item'; // each model has its own words for a text with too many of them
  if (/expected (?:max|min)Length/.test(message)) return 'rejected_item';
  if (message.includes('on-demand throughput') || message.includes('Operation not allowed')) return 'set_up';
  return 'unknown';
}

/** For what has no name of its own: a proxy's page, an empty body, a service's new error. */
function kindByStatus({ name, status }: Observed): FaultKind {
  if (status === undefined) return 'unknown';
  if (status === 429) return 'throttled';
  if (status === 408 || status >= 500) return 'unavailable';
  if (status === 413) return 'rejected_batch';
  if (status === 401 || status === 403 || status === 404) return 'set_up';
  return name === 'SyntaxError' && status < 300 ? 'contract' : 'unknown';
}

function isClientError(status: number): boolean {
  return status >= 400 && status < 500;
}

function codeOf({ name, networkCode, containerStatus, functionError }: Observed): string {
  if (name === 'ModelError') return `ModelError_${containerStatus}`;
  if (functionError !== undefined) return functionError;
  return name === 'Error' || name === 'TimeoutError' ? (networkCode ?? name) : name;
}

/** The service's own words only where they are about the set-up: those about a row may quote it. */
function describe(seen: Observed, kind: FaultKind, { service }: CallContext): string {
  const aboutRow =
    seen.name === 'ModelError' ||
    seen.name === 'FunctionError' ||
    seen.name === 'SyntaxError' ||
    service === 'comprehend';
  if (kind === 'set_up' && !aboutRow) return `${service}: ${seen.message}`;
  const status = seen.status === undefined ? '' : ` (HTTP ${seen.status})`;
  return `${service} call ended with ${codeOf(seen)}${status}.`;
}

function observe(error: unknown): Observed {
  const metadata = member(error, '$metadata');
  const containerStatus = member(error, 'OriginalStatusCode');
  return {
    name: text(member(error, 'name')) ?? typeof error,
    message: text(member(error, 'message')) ?? '',
    status: whole(member(metadata, 'httpStatusCode')),
    requestId: text(member(metadata, 'requestId')),
    networkCode: text(member(error, 'code')),
    containerStatus: whole(containerStatus) ?? 0,
    functionError: functionErrorOf(error),
  };
}

function functionErrorOf(error: unknown): string | undefined {
  const type = member(error, 'name') === 'FunctionError' ? text(member(error, 'errorType')) : undefined;
  return type !== undefined && Object.hasOwn(FUNCTION_ERRORS, type) ? type : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
