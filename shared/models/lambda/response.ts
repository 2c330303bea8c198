import { Fault } from '../../errors/policy.ts';

export type Outputs = Readonly<Record<string, number>>;

export interface FunctionAnswer {
  /** JSON. */
  readonly payload: string;
  readonly requestId: string | undefined;
}

type Contract = (code: string, message: string) => Fault;

/**
 * One result or fault per key, in the keys' order, whatever the order of the answer: a row that is left out or answered twice
 * fails alone. Throws a `contract` fault where nothing is sure, as when a key was never sent.
 */
export function parseAnswer(
  { payload, requestId }: FunctionAnswer,
  keys: readonly string[],
  outputs: readonly string[],
): readonly (Outputs | Fault)[] {
  const contract: Contract = (code, message) => new Fault('contract', code, message, { requestId });
  const results = new Map<string, Outputs | Fault | undefined>(keys.map((key) => [key, undefined]));
  for (const entry of entriesOf(payload, contract)) {
    const key = own(entry, 'key');
    if (typeof key !== 'string' || !results.has(key)) {
      throw contract('key', 'A result of the answer has a key that was not sent, or none.');
    }
    const isFirst = results.get(key) === undefined;
    results.set(
      key,
      isFirst
        ? outputsOf(entry, outputs, contract)
        : contract('repeated_key', 'The answer has the row more than once.'),
    );
  }
  return keys.map((key) => results.get(key) ?? contract('missing_key', 'The answer leaves the row out.'));
}

function outputsOf(entry: unknown, names: readonly string[], contract: Contract): Outputs | Fault {
  const result: Record<string, number> = {};
  for (const name of names) {
    const value = own(entry, name);
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return contract('not_finite', `Output ${name} of the answer is not a finite number.`);
    }
    result[name] = value;
  }
  return result;
}

function entriesOf(payload: string, contract: Contract): readonly unknown[] {
  if (payload.trim() === '') throw contract('empty_answer', 'The answer is empty.');
  let answer: unknown;
  try {
    answer = JSON.parse(payload);
  } catch {
    throw contract('not_json', 'The answer is not JSON.'); // the parser's own text quotes it
  }
  if (!Array.isArray(answer)) throw contract('shape', 'The answer is not a list of results.');
  return answer;
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
