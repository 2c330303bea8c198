import { AwsError } from '../errors.ts';
import type { AwsAnswer, Call, Operation } from '../operation.ts';
import { modelError } from '../sagemaker/model-error.ts';
import { failureName, notReady, throttled } from '../service-errors.ts';
import { BEND_KINDS, type BendKind } from './bend.ts';
import type { Fault } from './rule.ts';

/** A fault that hits a call; latency only delays it. */
export type Strike = Exclude<Fault, { kind: 'latency' }>;

/** Whether this operation can show this fault at all: otherwise it passes by, and is not counted as having struck. */
export function canShow(fault: Fault, operation: Operation, call: Call): boolean {
  if (isBend(fault)) return (call.bends ?? operation.bends).has(fault.kind);
  if (fault.kind === 'error') return failureName(operation.service, fault.status) !== undefined;
  if (fault.kind === 'model_error')
    return operation.service === 'sagemaker' || operation.service === 'bedrock';
  return true;
}

export function isBend(fault: Fault): fault is Extract<Fault, { kind: BendKind }> {
  return (BEND_KINDS as readonly string[]).includes(fault.kind);
}

/** The answer given instead of the service's own, if the fault is one of those; throws what is an error of AWS. */
export function replacedAnswer(
  strike: Strike | undefined,
  operation: Operation,
  endpoint: string,
): AwsAnswer | undefined {
  switch (strike?.kind) {
    case 'throttle':
      throw throttled(operation.service, strike.status === undefined ? {} : { status: strike.status });
    case 'error':
      throw new AwsError(
        failureName(operation.service, strike.status) ?? 'InternalFailure',
        strike.status,
        'Injected failure.',
      );
    case 'model_error':
      throw operation.service === 'sagemaker'
        ? containerError(endpoint, strike.original_status)
        : new AwsError('ModelErrorException', 424, 'Injected failure of the model.', {
            originalStatusCode: strike.original_status,
            resourceName: endpoint,
          });
    case 'named':
      throw new AwsError(strike.name, strike.status, strike.message, {}, strike.name_in);
    case 'cold_start':
      throw notReady(); // one that waits is a delay and no strike
    case 'bare':
      return strike.body === 'html'
        ? {
            status: strike.status,
            headers: { 'content-type': 'text/html' },
            body: '<html>Bad gateway</html>',
          }
        : { status: strike.status, headers: {}, body: '' };
    default:
      return undefined;
  }
}

function containerError(endpoint: string, status: number): AwsError {
  const message =
    status === 0
      ? 'Your invocation timed out while waiting for a response from container primary.'
      : 'Injected.';
  return modelError(endpoint, status, message);
}

/** An answer as it arrives when the way back spoils it, whatever operation it is of. */
export function spoiledAnswer(
  answer: AwsAnswer,
  strike: Strike | undefined,
  operation: Operation,
): AwsAnswer {
  switch (strike?.kind) {
    case 'malformed':
      return { ...answer, body: '<html>not what was asked for' };
    case 'truncated':
      return { ...answer, body: firstHalf(answer.body) };
    case 'empty':
      return operation.service === 'sagemaker'
        ? { ...answer, status: 204, body: '' }
        : { ...answer, body: '' };
    case 'skewed_date':
      return {
        ...answer,
        headers: { ...answer.headers, date: new Date(Date.now() + strike.skew_ms).toUTCString() },
      };
    default:
      return answer;
  }
}

function firstHalf(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
