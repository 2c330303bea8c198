import type { AwsAnswer, Bend } from '../operation.ts';
import type { Rows } from './csv.ts';
import type { Scorer } from './scorer.ts';

/** What the container inside an endpoint answered; anything but 2xx reaches the caller as a ModelError. */
export class ContainerError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ContainerError';
    this.status = status;
  }
}

export interface Invocation {
  readonly bytes: number;
  /** Undefined: the body is not CSV. */
  readonly rows: Rows | undefined;
  readonly contentType: string;
  readonly accept: string;
}

/** The container's own MAX_CONTENT_LENGTH, below what SageMaker itself lets through. */
export const CONTAINER_BYTES_MAX = 6_291_456;

type Format = 'text/csv' | 'application/json' | 'application/jsonlines';

/** The built-in XGBoost container: its checks in its order, its statuses, its three answer forms. */
export function invokeXgboost(scorer: Scorer, invocation: Invocation, bend: Bend | undefined): AwsAnswer {
  if (invocation.bytes > CONTAINER_BYTES_MAX) {
    throw new ContainerError(413, 'The data value transmitted exceeds the capacity limit.');
  }
  if (invocation.bytes === 0 || bend?.kind === 'empty') return { status: 204, headers: {}, body: '' };
  const rows = readRows(invocation);
  const width = rows.find((row) => row.length !== scorer.features)?.length;
  if (width !== undefined) {
    throw new ContainerError(
      400,
      `Unable to evaluate payload provided: Feature size of csv inference data ${width} is not consistent ` +
        `with feature size of trained model ${scorer.features}.`,
    );
  }
  const scores = bendScores(
    rows.map((row) => scorer.score(row)),
    bend,
  );
  const format = readAccept(invocation.accept);
  const body = bend?.kind === 'malformed' ? '<html>not what was asked for' : write(scores, format);
  return { status: 200, headers: { 'content-type': `${format}; charset=utf-8` }, body };
}

function readRows({ rows, contentType }: Invocation): Rows {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (type !== 'text/csv') {
    throw new ContainerError(415, `Content-type ${type} not supported. Supported content-type is text/csv.`);
  }
  if (parameters.some((parameter) => parameter.startsWith('label_size=') && parameter !== 'label_size=1')) {
    throw new ContainerError(415, 'Label size of csv inference data has to be 1.');
  }
  if (rows !== undefined) return rows;
  // The real one quotes the cell; row values have no place in a log that might be shared.
  throw new ContainerError(
    415,
    'Loading csv data failed with Exception, please ensure data is in csv format: could not convert string to float',
  );
}

function readAccept(accept: string): Format {
  const [type = ''] = accept.toLowerCase().split(';');
  switch (type.trim()) {
    case '':
    case '*/*':
    case 'text/csv':
      return 'text/csv';
    case 'application/json':
      return 'application/json';
    case 'application/jsonlines':
      return 'application/jsonlines';
    default:
      throw new ContainerError(406, `Accept type ${type} is not supported.`);
  }
}

function bendScores(scores: readonly number[], bend: Bend | undefined): readonly number[] {
  if (bend?.kind === 'not_a_number') return scores.with(-1, Number.NaN);
  if (bend?.kind !== 'rows') return scores;
  const change = bend.change ?? -1;
  if (change < 0) return scores.slice(0, change);
  return [...scores, ...Array.from({ length: change }, () => 0.5)];
}

function write(scores: readonly number[], format: Format): string {
  // Python writes NaN into JSON as it is, which no JSON parser takes.
  const texts = scores.map((score) => (Number.isNaN(score) ? 'NaN' : String(score)));
  if (format === 'text/csv') return texts.map((text) => `${text === 'NaN' ? 'nan' : text}\n`).join('');
  const records = texts.map((text) => `{"score":${text}}`);
  return format === 'application/json'
    ? `{"predictions":[${records.join(',')}]}`
    : records.map((record) => `${record}\n`).join('');
}
