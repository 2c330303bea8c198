import { isEmbedding } from '../contracts/enriched-guard.ts';

export interface Vectors {
  readonly dimensions: number;
  /** The text is longer than its chunks. */
  readonly truncated: boolean;
  readonly chunks: readonly {
    /** [start, end) in code points of the text. */
    readonly start: number;
    readonly end: number;
    readonly tokens: number;
    readonly vector: Float32Array;
  }[];
}

const BYTES_PER_FLOAT = 4;

/** The result of kinds that make vectors, as numbers; for `decode`. @throws TypeError when it is none */
export function decodeVectors(result: Readonly<Record<string, unknown>>): Vectors {
  if (!isEmbedding(result)) throw new TypeError('the result holds no vectors');
  const { dimensions, truncated, chunks } = result;
  return {
    dimensions,
    truncated,
    chunks: chunks.map(({ start, end, tokens, vector_f32le_base64: text }) => {
      const bytes = Buffer.from(text, 'base64');
      if (bytes.length !== dimensions * BYTES_PER_FLOAT) {
        throw new TypeError(`a vector has ${bytes.length} bytes, and ${dimensions} dimensions`);
      }
      const vector = new Float32Array(dimensions);
      // Machines differ in the order of bytes; the topic does not.
      for (let place = 0; place < dimensions; place++)
        vector[place] = bytes.readFloatLE(place * BYTES_PER_FLOAT);
      return { start, end, tokens, vector };
    }),
  };
}
