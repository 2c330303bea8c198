import { AwsError } from '../errors.ts';
import type { Bend, BendKind } from '../faults/bend.ts';
import type { AwsAnswer, AwsRequest, Call, Operation } from '../operation.ts';
import { decodeSegment } from '../path.ts';
import { oversize } from '../service-errors.ts';
import { linearLearner, randomCutForest } from './built-in.ts';
import { churnScorer } from './churn.ts';
import { CONTAINER_BYTES_MAX, type Container, ContainerError, invokeContainer } from './container.ts';
import type { Rows } from './csv.ts';
import { fraudScorer } from './fraud.ts';
import { modelError } from './model-error.ts';
import { parseRows, payloadFormat } from './payload.ts';
import type { Scorer } from './scorer.ts';
import { xgboost } from './xgboost.ts';

/** At most 1,024 visible characters of US-ASCII. */
const CUSTOM_ATTRIBUTES = /^[\x20-\x7e]{0,1024}$/;
const SERVERLESS_BYTES_MAX = 4 * 1024 * 1024;

/** An endpoint exists when its name says which stand-in model it is. */
function scorerOf(endpoint: string): Scorer | undefined {
  if (endpoint.includes('fraud')) return fraudScorer;
  if (endpoint.includes('churn')) return churnScorer;
  return undefined;
}

/** Which container serves it, by its name too. */
function containerOf(endpoint: string): Container {
  if (endpoint.includes('linear')) return linearLearner;
  return endpoint.includes('forest') ? randomCutForest : xgboost;
}

export const invokeEndpoint: Operation = {
  service: 'sagemaker',
  name: 'InvokeEndpoint',
  protocol: 'rest_json',
  bends: new Set<BendKind>(['rows', 'reordered', 'not_a_number']),
  accepts: ({ method, segments }) =>
    method === 'POST' &&
    segments.length >= 3 &&
    segments.at(-3) === 'endpoints' &&
    segments.at(-1) === 'invocations',
  read(request) {
    const endpoint = decodeSegment(request.segments.at(-2) ?? '');
    const { length } = request.body;
    const readable = length > 0 && length <= CONTAINER_BYTES_MAX;
    const format = payloadFormat(header(request, 'content-type') ?? '') ?? 'text/csv';
    const rows = readable ? parseRows(request.body.toString('utf8'), format) : undefined;
    return {
      endpoint,
      rows: rows?.length ?? 0,
      tokens: 0,
      matches: (input) =>
        'column' in input && rows?.some((row) => row[input.column] === input.equals) === true,
      answer: (bend) => invoke(request, endpoint, rows, bend),
    } satisfies Call;
  },
};

function invoke(
  request: AwsRequest,
  endpoint: string,
  rows: Rows | undefined,
  bend: Bend | undefined,
): AwsAnswer {
  const scorer = scorerOf(endpoint);
  if (scorer === undefined) {
    throw new AwsError('ValidationError', 400, `Endpoint ${endpoint} of account 000000000000 not found.`);
  }
  if (!CUSTOM_ATTRIBUTES.test(header(request, 'x-amzn-sagemaker-custom-attributes') ?? '')) {
    throw new AwsError(
      'ValidationError',
      400,
      'CustomAttributes must be visible US-ASCII with length less than or equal to 1024',
    );
  }
  if (endpoint.includes('serverless') && request.body.length > SERVERLESS_BYTES_MAX) {
    throw oversize('sagemaker');
  }
  const variant = header(request, 'x-amzn-sagemaker-target-variant') ?? 'AllTraffic';
  try {
    const answer = invokeContainer(
      containerOf(endpoint),
      scorer,
      {
        bytes: request.body.length,
        rows,
        contentType: header(request, 'content-type') ?? 'application/octet-stream',
        accept: header(request, 'accept') ?? '',
      },
      bend,
    );
    const headers = { ...answer.headers, 'x-amzn-invoked-production-variant': variant };
    return { ...answer, headers, paidUnits: 0 }; // an endpoint is paid by the hour, called or not
  } catch (error) {
    if (error instanceof ContainerError) throw modelError(endpoint, error.status, error.message);
    throw error;
  }
}

function header(request: AwsRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
