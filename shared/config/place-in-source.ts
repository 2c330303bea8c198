/**
 * Where the character at `offset` of a scalar's value stands in the YAML that was written: behind an opening quote, and on a later
 * line where a long value was folded. 0, the scalar's beginning, where the two do not run in step (escapes, the environment).
 */
export function placeInSource(written: string, value: string, offset: number): number {
  let place = written.startsWith('"') || written.startsWith("'") ? 1 : 0;
  if (/^[|>]/.test(written)) place = written.indexOf('\n') + 1;
  for (let index = 0; index <= offset && index < value.length; index += 1) {
    const wanted = value[index];
    const isBlank = wanted === ' ' || wanted === '\n';
    if (written[place] !== wanted || (isBlank && /^\s*\n/.test(written.slice(place)))) {
      if (isBlank && index === offset) return place;
      const blanks = /^\s+/.exec(written.slice(place))?.[0].length ?? 0;
      if (blanks === 0) return 0;
      place += blanks;
      // A folded line break is one blank of the value; the indent of a block text is none.
      if (isBlank) continue;
      if (written[place] !== wanted) return 0;
    }
    if (index === offset) return place;
    place += 1;
  }
  return offset === value.length ? place : 0;
}
