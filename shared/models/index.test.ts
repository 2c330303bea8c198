import { expect, test } from 'vitest';
import { parseDefinition } from '../config/parse.ts';
import { openModel } from './index.ts';
import { requestHash } from './request-hash.ts';

const { definition, mistakes } = parseDefinition(
  `version: 1
pipeline: shop
sources: { reviews: { table: public.reviews } }
enrichments:
  mood:
    from: reviews
    model: { kind: comprehend, language: { detect: when_missing, fallback: en } }
    input: [body]
`,
  'afterglow.yaml',
  {},
);

test('an answer of the stand-in is not remembered as one of the model itself', async () => {
  const enrichment = definition?.enrichments.mood;
  if (enrichment === undefined) throw new Error(JSON.stringify(mistakes));
  using local = await openModel(enrichment, { mode: 'local', endpoint: 'http://127.0.0.1:9' }, 1);
  using real = await openModel(enrichment, { mode: 'real', region: 'eu-central-1' }, 1);
  const item = { input: 'A good lamp.', language: 'en' };
  expect(requestHash(local.model)(item)).not.toBe(requestHash(real.model)(item));
  const [localDetector, realDetector] = [local.model.detector, real.model.detector];
  if (localDetector === undefined || realDetector === undefined) throw new Error('no detector');
  expect(requestHash(localDetector)(item)).not.toBe(requestHash(realDetector)(item));
});
