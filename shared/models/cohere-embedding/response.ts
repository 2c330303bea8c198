import { Fault } from '../../errors/policy.ts';
import { encodedVector } from '../vectors.ts';

export interface ResponseBody {
  readonly body: string;
  readonly requestId: string | undefined;
}

/**
 * The vector of each text in base64, or its fault, in the texts' order: an answer has no ids, so one of another count is a
 * `contract` fault of them all.
 */
export function parseEmbeddings(
  { body, requestId }: ResponseBody,
  texts: number,
  dimensions: number,
): readonly (string | Fault)[] {
  const contract = (code: string, message: string) => new Fault('contract', code, message, { requestId });
  if (body.trim() === '') throw contract('empty_answer', 'The answer is empty.');
  const embeddings = member(parseJson(body, contract), 'embeddings');
  // Keyed by type where a type was asked for; a list where the model leaves that out.
  const vectors = Array.isArray(embeddings) ? embeddings : member(embeddings, 'float');
  if (!Array.isArray(vectors)) throw contract('shape', 'The answer has no list of vectors.');
  if (vectors.length !== texts) {
    throw contract('row_count', `The answer to ${texts} texts has ${vectors.length} vectors.`);
  }
  return vectors.map((vector: unknown) =>
    Array.isArray(vector)
      ? encodedVector(vector, dimensions, requestId)
      : contract('shape', 'A vector of the answer is no list of numbers.'),
  );
}

function parseJson(body: string, contract: (code: string, message: string) => Fault): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw contract('not_json', 'The answer is not JSON.'); // the parser's own text quotes it
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
