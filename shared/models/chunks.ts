// How a text becomes chunks that an embedding model takes: of any kind, only their size is the kind's own.
import { codePoints, fitting } from './characters.ts';
import type { Asked, ModelItem } from './model.ts';

export interface ChunkLimits {
  /** UTF-8, of one chunk. */
  readonly bytesMax: number;
  readonly chunksMax: number;
}

/** The chunks of a well-formed text, in their order; blank ones have nothing to embed and are left out. */
export function chunksOfText(text: string, { bytesMax, chunksMax }: ChunkLimits): Asked {
  const items: ModelItem[] = [];
  let start = 0;
  let characters = 0;
  while (start < text.length && items.length < chunksMax) {
    const input = chunkAt(text, start, bytesMax);
    const end = characters + codePoints(input);
    if (input.trim() !== '') items.push({ input, span: { start: characters, end } });
    start += input.length;
    characters = end;
  }
  return items.length === 0 ? { kind: 'skip', reason: 'empty_input' } : { kind: 'items', items };
}

/** Whether text was left out behind the last chunk. */
export function isTextCut(text: string, items: readonly ModelItem[]): boolean {
  const end = items.at(-1)?.span?.end ?? 0;
  return end < codePoints(text) && [...text].slice(end).join('').trim() !== '';
}

/** Where a text may end without tearing apart what belongs together, the best place first. */
const BREAKS: readonly RegExp[] = [/\n\s*\n/g, /\n/g, /[.!?…]\s|[。！？]/g, /\s/g];
/** A break earlier than this would make small chunks only to end them nicely. */
const BREAK_SHARE_MIN = 0.5;

/** As much of the text as one call takes, with the white space behind it if that fits too. */
function chunkAt(text: string, start: number, bytesMax: number): string {
  const most = fitting(text, start, bytesMax);
  if (start + most.length >= text.length) return most;
  const earliest = most.length * BREAK_SHARE_MIN;
  for (const pattern of BREAKS) {
    let end = 0;
    for (const { index, 0: mark } of most.matchAll(pattern)) end = index + mark.length;
    if (end >= earliest) return most.slice(0, end);
  }
  return most;
}
