/** Letters a token of a spaced script holds, on average 4.7 with the blank. */
const TOKEN_LETTERS = 6;
const FOREIGN_TOKEN_LETTERS = 3;
const TOKEN_DIGITS = 3;

/** A stand-in for the tokenizer: near what it would count, never more than the UTF-8 bytes, and the same for ever. */
export function tokenCount(text: string): number {
  let tokens = 0;
  let letters = 0;
  let foreign = 0;
  let digits = 0;
  const close = (): void => {
    tokens +=
      Math.ceil(letters / TOKEN_LETTERS + foreign / FOREIGN_TOKEN_LETTERS) + Math.ceil(digits / TOKEN_DIGITS);
    letters = 0;
    foreign = 0;
    digits = 0;
  };
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    if (isLatinLetter(unit)) letters += 1;
    else if (unit >= 0x30 && unit <= 0x39) digits += 1;
    else if (unit < 0x80) {
      close();
      if (unit > 0x20) tokens += 1;
    } else if (isIdeographic(unit)) {
      close();
      tokens += 1;
    } else foreign += 1;
  }
  close();
  return Math.max(tokens, 1);
}

function isLatinLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
}

/** Kana, Han, Hangul: a sign is about a token. */
function isIdeographic(unit: number): boolean {
  return (unit >= 0x3040 && unit <= 0x9fff) || (unit >= 0xac00 && unit <= 0xd7af);
}
