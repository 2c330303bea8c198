import { isObject } from '../request-body.ts';
import { parseCsv, type Rows } from './csv.ts';

export type PayloadFormat = 'text/csv' | 'application/json' | 'application/jsonlines';

export function payloadFormat(contentType: string): PayloadFormat | undefined {
  const [type = ''] = contentType.toLowerCase().split(';');
  switch (type.trim()) {
    case 'text/csv':
      return 'text/csv';
    case 'application/json':
      return 'application/json';
    case 'application/jsonlines':
    case 'application/x-jsonlines':
      return 'application/jsonlines';
    default:
      return undefined;
  }
}

/** The rows of a body in the forms that all built-in algorithms share; undefined when it is not of its format. */
export function parseRows(text: string, format: PayloadFormat): Rows | undefined {
  if (format === 'text/csv') return parseCsv(text);
  const records = format === 'application/json' ? instancesOf(parse(text)) : linesOf(text);
  if (records === undefined || records.length === 0) return undefined;
  const rows: (readonly number[])[] = [];
  for (const record of records) {
    const row = featuresOf(record);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

function instancesOf(value: unknown): readonly unknown[] | undefined {
  return isObject(value) && Array.isArray(value.instances) ? value.instances : undefined;
}

function linesOf(text: string): readonly unknown[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parse);
}

/** `{"features":[…]}` or `{"data":{"features":{"values":[…]}}}`; null is a missing value, as an empty cell is. */
function featuresOf(record: unknown): readonly number[] | undefined {
  if (!isObject(record)) return undefined;
  const features = record.features ?? dataFeaturesOf(record.data);
  if (!Array.isArray(features)) return undefined;
  const row = features.map((value: unknown) => (value === null ? Number.NaN : value));
  return row.every((value) => typeof value === 'number') ? row : undefined;
}

function dataFeaturesOf(data: unknown): unknown {
  if (!isObject(data)) return undefined;
  return isObject(data.features) ? data.features.values : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // then it holds no features
  }
}
