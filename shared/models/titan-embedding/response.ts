import { Fault } from '../../errors/policy.ts';
import { type ChunkVector, encodedVector } from '../vectors.ts';

export interface ResponseBody {
  readonly body: string;
  readonly requestId: string | undefined;
}

/** Throws a `contract` fault for everything that is not one vector of the wanted length with its count of tokens. */
export function parseEmbedding({ body, requestId }: ResponseBody, dimensions: number): ChunkVector {
  const contract = (code: string, message: string) => new Fault('contract', code, message, { requestId });
  if (body.trim() === '') throw contract('empty_answer', 'The answer is empty.');
  const answer = parseJson(body, contract);
  const embedding = member(answer, 'embedding');
  const tokens = member(answer, 'inputTextTokenCount');
  if (!Array.isArray(embedding)) throw contract('shape', 'The answer has no vector.');
  const vector = encodedVector(embedding, dimensions, requestId);
  if (vector instanceof Fault) throw vector;
  if (typeof tokens !== 'number' || !Number.isSafeInteger(tokens) || tokens < 0) {
    throw contract('tokens', 'The answer does not say how many tokens it counted.');
  }
  return { vector_f32le_base64: vector, tokens };
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
