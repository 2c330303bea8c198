import { Fault } from '../../errors/policy.ts';

/** Of one chunk. */
export interface ChunkVector {
  /** 32-bit floats, little-endian. */
  readonly vector_f32le_base64: string;
  readonly tokens: number;
}

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
  if (embedding.length !== dimensions) {
    throw contract(
      'dimensions',
      `The vector has ${embedding.length} dimensions, the definition ${dimensions}.`,
    );
  }
  if (typeof tokens !== 'number' || !Number.isSafeInteger(tokens) || tokens < 0) {
    throw contract('tokens', 'The answer does not say how many tokens it counted.');
  }
  return { vector_f32le_base64: vectorOf(embedding, contract).toString('base64'), tokens };
}

const BYTES_PER_FLOAT = 4;

function vectorOf(embedding: readonly unknown[], contract: (code: string, message: string) => Fault): Buffer {
  const bytes = Buffer.allocUnsafe(embedding.length * BYTES_PER_FLOAT);
  let isZero = true;
  let offset = 0;
  for (const value of embedding) {
    // A number that is finite in 64 bits may not be in 32.
    const single = typeof value === 'number' ? Math.fround(value) : Number.NaN;
    if (!Number.isFinite(single)) throw contract('not_finite', 'A number of the vector is not finite.');
    if (single !== 0) isZero = false;
    bytes.writeFloatLE(single, offset);
    offset += BYTES_PER_FLOAT;
  }
  // It has no direction, so it is as near to everything as to nothing.
  if (isZero) throw contract('zero_vector', 'All numbers of the vector are zero.');
  return bytes;
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
