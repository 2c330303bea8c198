import { z } from 'zod';
import type { ModelKind } from '../../config/model-kinds/model-kind.ts';
import { about, rate } from '../../config/values.ts';
import { rowBatch } from '../row-batch.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}$/;

export const sagemaker = {
  schema: z
    .strictObject({
      kind: z.literal('sagemaker'),
      endpoint: z.string().regex(NAME).meta(about('Name of the endpoint.', 'fraud-xgboost')),
      inference_component: z
        .string()
        .regex(NAME)
        .meta(
          about(
            'Which inference component of the endpoint, where it hosts several models.',
            'fraud-component',
          ),
        )
        .exactOptional(),
      target_variant: z
        .string()
        .regex(NAME)
        .meta(about('Which production variant, instead of one by the weights of the endpoint.', 'candidate'))
        .exactOptional(),
      version: z
        .string()
        .min(1)
        .max(64)
        .meta(
          about(
            'Yours to declare, since an endpoint does not tell: change it when the model behind it changes. Part of what is paid once.',
            '2026-10',
          ),
        ),
      format: z
        .enum(['csv', 'json', 'jsonl'])
        .meta(about('How rows are written to the endpoint. XGBoost reads csv only.', 'csv'))
        .default('csv'),
      batch: rowBatch,
      rate: rate(
        'Most calls, shared by all workers; without it only the endpoint itself sets the pace.',
        '50/s',
      ).exactOptional(),
    })
    .meta(about('A SageMaker endpoint that scores rows of numbers.')),
  input: 'tabular',
  outputs: 'declared',
  refusedActions: {},
} satisfies ModelKind;
