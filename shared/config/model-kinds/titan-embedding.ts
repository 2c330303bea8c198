import { z } from 'zod';
import { about, rate } from '../values.ts';
import type { ModelKind } from './model-kind.ts';

export const titanEmbedding = {
  schema: z
    .strictObject({
      kind: z.literal('titan-embedding'),
      dimensions: z
        .literal([1024, 512, 256])
        .meta(about('Length of the vector: shorter is smaller on disk and a little less exact.', 1024))
        .default(1024),
      max_chunks: z
        .int()
        .min(1)
        .max(64)
        .meta(about('A longer text is cut after this many chunks, and flagged.', 64))
        .default(64),
      rate: rate("Most calls: the account's quota, shared by all workers.", '6000/m').prefault('6000/m'),
    })
    .meta(about('Amazon Titan Text Embeddings V2 on Bedrock: one vector per chunk of a text.')),
  input: 'text',
  // Vectors are found with afterglow.similar(), not compared by flag and decide.
  outputs: {},
  refusedActions: {},
} satisfies ModelKind;
