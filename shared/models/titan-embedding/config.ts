import { z } from 'zod';
import type { ModelKind } from '../../config/model-kinds/model-kind.ts';
import { about, rate } from '../../config/values.ts';

/** The lengths that each model's vectors can have. */
const DIMENSIONS: ReadonlyMap<unknown, readonly number[]> = new Map([
  ['amazon.titan-embed-text-v2:0', [1024, 512, 256]],
  ['amazon.titan-embed-text-v1', [1536]],
]);

export const titanEmbedding = {
  schema: z
    .strictObject({
      kind: z.literal('titan-embedding'),
      model_id: z
        .enum(['amazon.titan-embed-text-v2:0', 'amazon.titan-embed-text-v1'])
        .meta(about('The model on Bedrock. V1 has 1536 dimensions.', 'amazon.titan-embed-text-v2:0'))
        .default('amazon.titan-embed-text-v2:0'),
      dimensions: z
        .literal([1536, 1024, 512, 256])
        .meta(about('Length of the vector: shorter is smaller on disk and a little less exact.', 1024))
        .default(1024),
      normalize: z
        .boolean()
        .meta(about('Vectors of length 1, as comparing them by cosine likes them. V2 only.', true))
        .default(true),
      max_chunks: z
        .int()
        .min(1)
        .max(64)
        .meta(about('A longer text is cut after this many chunks, and flagged.', 64))
        .default(64),
      rate: rate("Most calls: the account's quota, shared by all workers.", '6000/m').prefault('6000/m'),
    })
    .meta(about('Amazon Titan Text Embeddings on Bedrock: one vector per chunk of a text.')),
  input: 'text',
  outputs: 'vectors',
  refusedActions: {},
  problemOf({ model_id, dimensions }) {
    const possible = DIMENSIONS.get(model_id) ?? [];
    if (possible.some((each) => each === dimensions)) return undefined;
    return {
      setting: 'dimensions',
      message: `vectors of ${model_id} cannot have ${dimensions} dimensions`,
      instead: possible.join(', '),
    };
  },
} satisfies ModelKind;
