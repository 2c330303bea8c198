// Text from rows and files goes to a terminal: it must not move the cursor, colour, ring, or hide what is there.

/** C0 and C1 controls, direction overrides, zero-width and line separators, tags, private use: nothing a person reads. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;
const REPLACEMENT = '\uFFFD';

/** One line of visible characters; whatever is not becomes a replacement mark, so that it is seen and does nothing. */
export function harmless(text: string): string {
  return text.toWellFormed().replaceAll(/\s+/gu, ' ').replaceAll(HARMFUL, REPLACEMENT).trim();
}

/** A line as it was written, its indent and tabs with it; only what a terminal would obey is replaced. */
export function harmlessLine(line: string): string {
  return line.toWellFormed().replaceAll(HARMFUL, (found) => (found === '\t' ? found : REPLACEMENT));
}
