import { Fault } from '../../errors/policy.ts';

export type Outputs = Readonly<Record<string, number>>;

export interface ResponseBody {
  readonly contentType: string;
  readonly body: string;
  readonly requestId: string | undefined;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * One record of outputs per row, in the rows' order, from the forms that containers answer in: values separated by commas
 * on one line, one row per line, JSON with a list of predictions or scores, and a JSON record per line. Throws a `contract` fault for anything else: an answer
 * of another count could belong to any of the rows.
 */
export function parseResponse(
  answer: ResponseBody,
  rows: number,
  outputs: readonly string[],
): readonly Outputs[] {
  const text = answer.body.trim();
  if (text === '') throw contract(answer, 'empty_answer', `The answer to ${rows} rows is empty.`);
  const values = valuesOf(answer, text, rows, outputs);
  if (values.length !== rows) {
    throw contract(answer, 'row_count', `The answer to ${rows} rows has ${values.length}.`);
  }
  return values.map((row) => named(answer, row, outputs));
}

function valuesOf(
  answer: ResponseBody,
  text: string,
  rows: number,
  outputs: readonly string[],
): readonly (readonly unknown[])[] {
  if (isJsonLines(answer)) return text.split('\n').map((line) => outputsOf(parsed(answer, line), outputs));
  return isJson(answer, text) ? fromJson(answer, text, outputs) : fromCsv(text, rows, outputs.length);
}

function named(answer: ResponseBody, row: readonly unknown[], outputs: readonly string[]): Outputs {
  if (row.length !== outputs.length) {
    throw contract(
      answer,
      'output_count',
      `A row of the answer has ${row.length} values, the definition ${outputs.length}.`,
    );
  }
  const result: Record<string, number> = {};
  for (const [place, name] of outputs.entries()) {
    const value = row[place];
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw contract(answer, 'not_finite', `Output ${name} of the answer is not a finite number.`);
    }
    result[name] = value;
  }
  return result;
}

function fromCsv(text: string, rows: number, outputs: number): readonly (readonly unknown[])[] {
  const lines = text.split(/\r?\n/).map((line) => line.split(',').map(toNumber));
  const [first] = lines;
  // Older containers put all rows on one line; with several outputs such a line could be cut up in more than one way.
  if (outputs === 1 && rows > 1 && lines.length === 1 && first !== undefined)
    return first.map((value) => [value]);
  return lines;
}

function toNumber(cell: string): number {
  const text = cell.trim();
  return NUMBER.test(text) ? Number(text) : Number.NaN; // Number() alone would read '' as 0 and 0x10 as 16
}

function isJsonLines({ contentType }: ResponseBody): boolean {
  return /^application\/(?:x-)?(?:jsonlines|ndjson)\b/i.test(contentType);
}

function isJson(answer: ResponseBody, text: string): boolean {
  return answer.contentType.toLowerCase().startsWith('application/json') || text.startsWith('{');
}

function fromJson(
  answer: ResponseBody,
  text: string,
  outputs: readonly string[],
): readonly (readonly unknown[])[] {
  const json = parsed(answer, text);
  // Random Cut Forest calls its list `scores`.
  const predictions = own(json, 'predictions') ?? own(json, 'scores');
  if (!Array.isArray(predictions) || !predictions.every((each) => typeof each === 'object')) {
    throw contract(answer, 'shape', 'The answer has no list of predictions.');
  }
  return predictions.map((prediction: unknown) => outputsOf(prediction, outputs));
}

function parsed(answer: ResponseBody, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw contract(answer, 'not_json', 'The answer says it is JSON and is not.'); // the parser's own text quotes it
  }
}

/** A single output may have a name of its own in the definition: the built-in containers always say `score`. */
function outputsOf(prediction: unknown, outputs: readonly string[]): readonly unknown[] {
  const [only] = outputs;
  if (outputs.length === 1 && only !== undefined) return [own(prediction, only) ?? own(prediction, 'score')];
  return outputs.map((name) => own(prediction, name));
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

function contract(answer: ResponseBody, code: string, message: string): Fault {
  return new Fault('contract', code, message, { requestId: answer.requestId });
}
