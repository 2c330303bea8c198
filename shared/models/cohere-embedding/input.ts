import { Fault } from '../../errors/policy.ts';
import { type ChunkLimits, chunksOfText, isTextCut } from '../chunks.ts';
import type { Asked, ModelItem, RowInput } from '../model.ts';

export function chunksOf(row: RowInput, limits: ChunkLimits): Asked {
  return chunksOfText(rowText(row), limits);
}

/** Whether text was left out behind the last chunk. */
export function isCut(row: RowInput, items: readonly ModelItem[]): boolean {
  return isTextCut(rowText(row), items);
}

/** The text of a chunk, or the fault of one that the service would refuse, and with it all others of its call. */
export function sendable({ input }: ModelItem): string | Fault {
  if (typeof input === 'string' && input.trim() !== '') return input;
  return new Fault('rejected_item', 'empty_text', 'A cohere-embedding model takes a text that is not blank.');
}

function rowText({ input }: RowInput): string {
  if (typeof input !== 'string') {
    throw new Fault('input', 'not_text', 'A cohere-embedding model takes a text, and the row has numbers.');
  }
  return input.toWellFormed();
}
