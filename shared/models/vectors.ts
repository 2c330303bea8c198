// Vectors as they travel: 32-bit floats, little-endian, in base64.
import type { Embedding } from '../contracts/events.ts';
import { Fault } from '../errors/policy.ts';
import type { ModelItem } from './model.ts';

/** Of one chunk. */
export interface ChunkVector {
  /** 32-bit floats, little-endian. */
  readonly vector_f32le_base64: string;
  readonly tokens: number;
}

const BYTES_PER_FLOAT = 4;

/** The vector in base64, or the `contract` fault of one that is none: of another length, not finite, or without direction. */
export function encodedVector(
  numbers: readonly unknown[],
  dimensions: number,
  requestId: string | undefined,
): string | Fault {
  const contract = (code: string, message: string) => new Fault('contract', code, message, { requestId });
  if (numbers.length !== dimensions) {
    return contract(
      'dimensions',
      `The vector has ${numbers.length} dimensions, the definition ${dimensions}.`,
    );
  }
  const bytes = Buffer.allocUnsafe(numbers.length * BYTES_PER_FLOAT);
  let isZero = true;
  let offset = 0;
  for (const value of numbers) {
    // A number that is finite in 64 bits may not be in 32.
    const single = typeof value === 'number' ? Math.fround(value) : Number.NaN;
    if (!Number.isFinite(single)) return contract('not_finite', 'A number of the vector is not finite.');
    if (single !== 0) isZero = false;
    bytes.writeFloatLE(single, offset);
    offset += BYTES_PER_FLOAT;
  }
  // It has no direction, so it is as near to everything as to nothing.
  if (isZero) return contract('zero_vector', 'All numbers of the vector are zero.');
  return bytes.toString('base64');
}

/** What the row's event holds. */
export function embeddingOf(
  { dimensions, truncated }: Pick<Embedding, 'dimensions' | 'truncated'>,
  items: readonly ModelItem[],
  results: readonly ChunkVector[],
): Embedding {
  return {
    dimensions,
    truncated,
    chunks: items.map(({ span }, place) => {
      const result = results[place];
      if (span === undefined || result === undefined) throw new RangeError('a chunk has no vector');
      return { ...span, tokens: result.tokens, vector_f32le_base64: result.vector_f32le_base64 };
    }),
  };
}
