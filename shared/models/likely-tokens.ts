/** A sign of these scripts is about a token of its own. */
const SIGN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const PIECE = /\p{L}[\p{L}\p{M}]*|\p{N}+|[^\s\p{L}\p{N}]/gu;
/** A longer word is several tokens. */
const WORD_LETTERS = 6;
const NUMBER_DIGITS = 3;

/** How many tokens a text is likely to have: words, numbers and marks. Only a service itself counts them exactly. */
export function likelyTokens(text: string): number {
  let tokens = 0;
  const spaced = text.replace(SIGN, () => {
    tokens++;
    return ' ';
  });
  for (const [piece] of spaced.matchAll(PIECE)) {
    if (/^\p{L}/u.test(piece)) tokens += Math.ceil(piece.length / WORD_LETTERS);
    else tokens += /^\p{N}/u.test(piece) ? Math.ceil(piece.length / NUMBER_DIGITS) : 1;
  }
  return Math.max(1, tokens);
}
