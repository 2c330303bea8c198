import { z } from 'zod';
import type { ModelKind } from '../../config/model-kinds/model-kind.ts';
import { about, duration, rate } from '../../config/values.ts';
import { TEXTS_MAX } from './limits.ts';

const V3_DIMENSIONS = [1024];
const V4_DIMENSIONS = [1536, 1024, 512, 256];

export const cohereEmbedding = {
  schema: z
    .strictObject({
      kind: z.literal('cohere-embedding'),
      model_id: z
        .enum([
          'cohere.embed-english-v3',
          'cohere.embed-multilingual-v3',
          'cohere.embed-v4:0',
          'global.cohere.embed-v4:0',
          'us.cohere.embed-v4:0',
          'eu.cohere.embed-v4:0',
        ])
        .meta(
          about(
            'The model on Bedrock, or the inference profile that leads to it: most Regions have v4 by a profile only, and `global.` may answer from any Region.',
            'cohere.embed-multilingual-v3',
          ),
        )
        .default('cohere.embed-multilingual-v3'),
      dimensions: z
        .literal([1536, 1024, 512, 256])
        .meta(
          about(
            'Length of the vector. v3 has 1024; of v4, shorter is smaller and a little less exact.',
            1024,
          ),
        )
        .default(1024),
      input_type: z
        .enum(['search_document', 'search_query', 'classification', 'clustering'])
        .meta(
          about(
            'What the vectors are for. Rows that are to be found are documents; what is compared with them is a query.',
            'search_document',
          ),
        )
        .default('search_document'),
      truncate: z
        .enum(['none', 'start', 'end'])
        .meta(
          about(
            'What the model leaves out of a chunk with more tokens than it reads, v3 512: its start, its end, or nothing, so that the row fails.',
            'none',
          ),
        )
        .default('none'),
      max_chunks: z
        .int()
        .min(1)
        .max(64)
        .meta(about('A longer text is cut after this many chunks, and flagged.', 64))
        .default(64),
      batch: z
        .strictObject({
          rows: z
            .int()
            .min(1)
            .max(TEXTS_MAX)
            .meta(about('Most chunks in one call; the service takes 96.', TEXTS_MAX))
            .default(TEXTS_MAX),
          wait: duration(
            'How long the first chunk may wait for company while calls are in flight.',
            '50ms',
          ).prefault('50ms'),
        })
        .meta(about('Micro-batches: a call goes out when one of the limits is reached.'))
        .prefault({}),
      rate: rate(
        "Most calls: the account's quota, shared by all workers. New accounts have 20 a minute, each of up to 96 chunks.",
        '20/m',
      ).prefault('20/m'),
    })
    .meta(about('Cohere Embed on Bedrock: one vector per chunk of a text, up to 96 chunks a call.')),
  input: 'text',
  outputs: 'vectors',
  refusedActions: {},
  problemOf({ model_id, dimensions }) {
    const possible = String(model_id).endsWith('v3') ? V3_DIMENSIONS : V4_DIMENSIONS;
    if (possible.some((each) => each === dimensions)) return undefined;
    return {
      setting: 'dimensions',
      message: `vectors of ${model_id} cannot have ${dimensions} dimensions`,
      instead: possible.join(', '),
    };
  },
} satisfies ModelKind;
