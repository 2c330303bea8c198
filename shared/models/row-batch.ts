import { z } from 'zod';
import { about, duration } from '../config/values.ts';

/** Of kinds that take many rows a call. */
export const rowBatch = z
  .strictObject({
    rows: z.int().min(1).max(10_000).meta(about('Most rows in one call.', 100)).default(100),
    wait: duration('How long the first row may wait for company while calls are in flight.', '10ms').prefault(
      '10ms',
    ),
  })
  .meta(about('Micro-batches: a call goes out when one of the limits is reached.'))
  .prefault({});
