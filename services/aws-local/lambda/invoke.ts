import { AwsError } from '../errors.ts';
import { type Bend, type BendKind, changeLength } from '../faults/bend.ts';
import type { InputMatch } from '../faults/rule.ts';
import type { AwsAnswer, AwsRequest, Call, Operation } from '../operation.ts';
import { decodeSegment } from '../path.ts';
import { isObject } from '../request-body.ts';
import type { Functions } from './functions.ts';
import type { FunctionFailure } from './messages.ts';

const EVENT_BYTES_MAX = 6_291_456;
/** The answer's limit is a little above the event's. */
const ANSWER_BYTES_MAX = 6_291_556;

/** By its name, or the ARN that ends in it; either may have its qualifier behind a colon. */
const FUNCTION = /^(?:arn:[a-z-]+:lambda:[a-z0-9-]*:\d*:function:)?([A-Za-z0-9_-]+)(?::([A-Za-z0-9_$-]+))?$/;

export function invoke(functions: Functions): Operation {
  return {
    service: 'lambda',
    name: 'Invoke',
    protocol: 'rest_json',
    bends: new Set<BendKind>(['rows', 'reordered', 'repeated_index', 'function_error']),
    accepts: ({ method, segments }) =>
      method === 'POST' &&
      segments.length >= 4 &&
      segments.at(-4) === '2015-03-31' &&
      segments.at(-3) === 'functions' &&
      segments.at(-1) === 'invocations',
    read(request): Call {
      const endpoint = decodeSegment(request.segments.at(-2) ?? '');
      const text = request.body.toString('utf8');
      const event = text === '' ? {} : parse(text);
      return {
        endpoint,
        rows: Array.isArray(event) ? event.length : 1,
        tokens: 0,
        matches: (input) => matches(text, event, input),
        answer: (bend) => answer(functions, request, { endpoint, text, event }, bend),
      };
    },
  };
}

interface Asked {
  readonly endpoint: string;
  readonly text: string;
  /** Undefined: not JSON. */
  readonly event: unknown;
}

async function answer(
  functions: Functions,
  request: AwsRequest,
  { endpoint, text, event }: Asked,
  bend: Bend | undefined,
): Promise<AwsAnswer> {
  if (request.body.length > EVENT_BYTES_MAX) {
    const message = `Request must be smaller than ${EVENT_BYTES_MAX} bytes for the InvokeFunction operation`;
    throw new AwsError('RequestTooLargeException', 413, message);
  }
  if (event === undefined) {
    const message = 'Could not parse request body into json: Could not parse payload into json.';
    throw new AwsError('InvalidRequestContentException', 400, message, { Type: 'User' });
  }
  const [, name, qualifier] = FUNCTION.exec(endpoint) ?? [];
  const asked = new URL(request.url, 'http://localhost').searchParams.get('Qualifier') ?? qualifier;
  const found = functions.find(name ?? endpoint, asked);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type === 'DryRun') return { status: 204, headers: {}, body: '' };
  if (type !== 'RequestResponse') throw invalidType();
  if (bend?.fault.kind === 'function_error') {
    return failed({ errorType: bend.fault.type, errorMessage: bend.fault.message }, 1);
  }
  const run = await found.run(text === '' ? '{}' : text, String(request.headers['amz-sdk-invocation-id']));
  if (run.kind === 'failed') return failed(run.failure, run.billedMs);
  const payload = bend === undefined ? run.payload : bent(run.payload, bend);
  if (Buffer.byteLength(payload) > ANSWER_BYTES_MAX) return failed(TOO_LARGE, run.billedMs);
  return { status: 200, headers: HEADERS, body: payload, paidUnits: run.billedMs };
}

const HEADERS = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' } as const;
const TOO_LARGE: FunctionFailure = {
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${ANSWER_BYTES_MAX} bytes).`,
};

/** Status 200, and paid, as any other run of the function. */
function failed({ errorType, errorMessage, trace }: FunctionFailure, billedMs: number): AwsAnswer {
  return {
    status: 200,
    headers: { ...HEADERS, 'x-amz-function-error': 'Unhandled' },
    body: JSON.stringify({ errorType, errorMessage, ...(trace === undefined ? {} : { trace }) }),
    paidUnits: billedMs,
  };
}

function invalidType(): AwsError {
  const message = 'The stand-in knows the invocation types RequestResponse and DryRun.';
  return new AwsError('InvalidParameterValueException', 400, message, { Type: 'User' });
}

/** Results of a function that answers a list; any other answer stays as it is. */
function bent(payload: string, { fault }: Bend): string {
  const results = parse(payload);
  if (!Array.isArray(results)) return payload;
  if (fault.kind === 'rows') return JSON.stringify(changeLength(results, fault.change, nobodys));
  if (fault.kind === 'reordered') return JSON.stringify(results.toReversed());
  return JSON.stringify(results.length < 2 ? [...results, ...results] : results.with(-1, results[0]));
}

function nobodys(place: number): object {
  return { key: `nobody-${place}` };
}

function matches(text: string, event: unknown, input: InputMatch): boolean {
  if ('contains' in input) return text.includes(input.contains);
  if (!Array.isArray(event)) return false;
  return event.some(
    (row: unknown) =>
      isObject(row) && Array.isArray(row.features) && row.features[input.column] === input.equals,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
