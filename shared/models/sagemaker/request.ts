import type { SagemakerModel } from '../../config/definition.ts';

export type Format = SagemakerModel['format'];

export interface RequestBody {
  readonly contentType: string;
  readonly accept: string;
  readonly body: string;
}

type Rows = readonly (readonly number[])[];

/**
 * Rows as the endpoint takes them. A number's own text is the shortest that reads back as the same number, in no locale,
 * and writes -0 as 0. The answer is wanted in the form of the question.
 */
export function requestBody(rows: Rows, format: Format): RequestBody {
  const { contentType, write } = FORMATS[format];
  return { contentType, accept: contentType, body: write(rows) };
}

const record = (row: readonly number[]): string => `{"features":[${row.join(',')}]}`;

const FORMATS = {
  // No header, no label, no last newline, and no parameters of the type: XGBoost refuses `label_size=0`.
  csv: { contentType: 'text/csv', write: (rows: Rows) => rows.map((row) => row.join(',')).join('\n') },
  json: {
    contentType: 'application/json',
    write: (rows: Rows) => `{"instances":[${rows.map(record).join(',')}]}`,
  },
  jsonl: { contentType: 'application/jsonlines', write: (rows: Rows) => rows.map(record).join('\n') },
} as const satisfies Record<Format, object>;
