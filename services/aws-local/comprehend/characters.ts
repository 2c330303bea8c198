/** Unicode characters, as Comprehend bills them: a surrogate pair is one. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit >= 0xd800 && unit <= 0xdbff) count -= 1;
  }
  return count;
}

const UNIT_CHARACTERS = 100;
const UNITS_MIN = 3;

/** What one document costs: a hundred characters each, three at least. */
export function unitsOf(text: string): number {
  return Math.max(UNITS_MIN, Math.ceil(characterCount(text) / UNIT_CHARACTERS));
}
