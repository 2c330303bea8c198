/** What a language praises and complains with, the words of shop reviews above all. */
export interface Lexicon {
  /** Whether blanks part words. Where they do not, a term counts wherever it stands in the text. */
  readonly script: 'spaced' | 'joined';
  /** Terms with blanks between them; `excellen*` is the beginning of words, `_` a blank inside of a term. */
  readonly positive: string;
  readonly negative: string;
  /** Turn the judgement that follows them within a few words, in joined scripts directly. */
  readonly negators: string;
  /** Turn the judgement directly before them, as Japanese and Korean do. */
  readonly negatorsAfter?: string;
}
