import { hash } from 'node:crypto';
import { canonicalJson } from '../config/revision.ts';
import type { Model, ModelItem } from './model.ts';

/**
 * What a request is remembered by: the model, its parameters, and exactly what would be sent. Equal hashes have equal
 * answers. `period`: a refresh asks again although nothing changed, once for each period.
 */
export type RequestHash = (item: ModelItem, period?: string) => string;

export function requestHash({
  id,
  parameters,
  requestText,
}: Pick<Model, 'id' | 'parameters' | 'requestText'>): RequestHash {
  const model = canonicalJson([id, parameters]);
  // JSON has no line break of its own, so that what stands before one and behind it cannot be mixed up.
  return (item, period) =>
    hash('sha256', `${model}\n${period === undefined ? '' : JSON.stringify(period)}\n${requestText(item)}`);
}
