import { Fault } from '../../errors/policy.ts';
import { chunksOfText, isTextCut } from '../chunks.ts';
import type { Asked, ModelItem, RowInput } from '../model.ts';
import { CHUNK_BYTES_MAX } from './limits.ts';

export function chunksOf(row: RowInput, chunksMax: number): Asked {
  return chunksOfText(textOf(row), { bytesMax: CHUNK_BYTES_MAX, chunksMax });
}

/** Whether text was left out behind the last chunk. */
export function isCut(row: RowInput, items: readonly ModelItem[]): boolean {
  return isTextCut(textOf(row), items);
}

function textOf({ input }: RowInput): string {
  if (typeof input !== 'string') {
    throw new Fault('input', 'not_text', 'A titan-embedding model takes a text, and the row has numbers.');
  }
  return input.toWellFormed();
}
