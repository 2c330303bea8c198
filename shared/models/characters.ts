// Texts are counted in code points and limited in UTF-8 bytes; JavaScript's own length is neither.

const SURROGATES = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

export function codePoints(text: string): number {
  return text.length - (text.match(SURROGATES)?.length ?? 0);
}

/** As much of the text, from `start`, as fits into `bytesMax` bytes of UTF-8, never half a character. */
export function fitting(text: string, start: number, bytesMax: number): string {
  const window = text.slice(start, start + bytesMax); // a UTF-16 unit has at least one byte
  if (window.length * BYTES_PER_UNIT_MAX <= bytesMax) return window;
  const { read } = encoder.encodeInto(window, new Uint8Array(bytesMax));
  return window.slice(0, read);
}

const encoder = new TextEncoder();
const BYTES_PER_UNIT_MAX = 3;
