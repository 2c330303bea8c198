import type { Enrichment } from '../../../shared/config/definition.ts';

/** What tells one model from another, in this order. */
const TELLING = ['kind', 'endpoint', 'function', 'model_id', 'dimensions', 'version'];

/** "sagemaker fraud-xgboost 2" */
export function modelText(enrichment: Enrichment | undefined): string {
  const settings = new Map<string, unknown>(Object.entries(enrichment?.model ?? {}));
  return TELLING.flatMap((name) => (settings.has(name) ? [String(settings.get(name))] : [])).join(' ');
}
