import { AwsError } from '../errors.ts';
import type { AwsAnswer, AwsRequest, Bend, Call, Operation } from '../operation.ts';
import { churnScorer } from './churn.ts';
import { CONTAINER_BYTES_MAX, ContainerError, invokeXgboost } from './container.ts';
import { parseCsv, type Rows } from './csv.ts';
import { fraudScorer } from './fraud.ts';
import type { Scorer } from './scorer.ts';

const CUSTOM_ATTRIBUTES_MAX = 1_024;

/** An endpoint exists when its name says which stand-in model it is. */
function scorerOf(endpoint: string): Scorer | undefined {
  if (endpoint.includes('fraud')) return fraudScorer;
  if (endpoint.includes('churn')) return churnScorer;
  return undefined;
}

export const invokeEndpoint: Operation = {
  service: 'sagemaker',
  name: 'InvokeEndpoint',
  protocol: 'json',
  accepts: ({ method, segments }) =>
    method === 'POST' &&
    segments.length >= 3 &&
    segments.at(-3) === 'endpoints' &&
    segments.at(-1) === 'invocations',
  read(request) {
    const endpoint = decodeName(request.segments.at(-2) ?? '');
    const { length } = request.body;
    const readable = length > 0 && length <= CONTAINER_BYTES_MAX;
    const rows = readable ? parseCsv(request.body.toString('utf8')) : undefined;
    return {
      endpoint,
      rows: rows?.length ?? 0,
      matches: (column, equals) => rows?.some((row) => row[column] === equals) ?? false,
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
  const attributes = header(request, 'x-amzn-sagemaker-custom-attributes') ?? '';
  if (attributes.length > CUSTOM_ATTRIBUTES_MAX) {
    throw new AwsError(
      'ValidationError',
      400,
      'CustomAttributes must have length less than or equal to 1024',
    );
  }
  const variant = header(request, 'x-amzn-sagemaker-target-variant') ?? 'AllTraffic';
  try {
    const answer = invokeXgboost(
      scorer,
      {
        bytes: request.body.length,
        rows,
        contentType: header(request, 'content-type') ?? 'application/octet-stream',
        accept: header(request, 'accept') ?? 'text/csv',
      },
      bend,
    );
    return { ...answer, headers: { ...answer.headers, 'x-amzn-invoked-production-variant': variant } };
  } catch (error) {
    if (error instanceof ContainerError) throw modelError(endpoint, error.status, error.message);
    throw error;
  }
}

/** Whatever goes wrong in a container is a 424; only OriginalStatusCode tells what it was. */
export function modelError(endpoint: string, status: number, message: string): AwsError {
  const side = status >= 400 && status < 500 ? 'client' : 'server';
  const log = `https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group=/aws/sagemaker/Endpoints/${endpoint}`;
  return new AwsError(
    'ModelError',
    424,
    `Received ${side} error (${status}) from primary with message "${message}". See ${log} in account 000000000000 for more information.`,
    {
      OriginalStatusCode: status,
      OriginalMessage: message,
      LogStreamArn: `arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/${endpoint}`,
    },
  );
}

function header(request: AwsRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function decodeName(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a broken escape names no endpoint either way
  }
}
