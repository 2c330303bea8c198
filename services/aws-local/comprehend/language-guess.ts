import { LATIN_LETTERS, LATIN_WORDS, SIMPLIFIED, TRADITIONAL } from './language-marks.ts';

export interface GuessedLanguage {
  /** RFC 5646; beyond the twelve of sentiment too. */
  readonly LanguageCode: string;
  readonly Score: number;
}

/** What one long text says about its language is said by its beginning. */
const CHARACTERS_MAX = 2_000;
const GUESSES_MAX = 4;
/** Below this a second language is noise. */
const SCORE_MIN = 0.02;
const LETTER_WEIGHT = 1.5;
/** Evidence that no language has: keeps the score of a short or strange text low. */
const DOUBT = 0.35;

const WORDS = new Map<string, readonly string[]>();
for (const [language, list] of Object.entries(LATIN_WORDS)) {
  for (const word of new Set(list.trim().split(/\s+/))) {
    WORDS.set(word, [...(WORDS.get(word) ?? []), language]);
  }
}
const onlySimplified = new Set([...SIMPLIFIED].filter((letter) => !TRADITIONAL.includes(letter)));
const onlyTraditional = new Set([...TRADITIONAL].filter((letter) => !SIMPLIFIED.includes(letter)));

/** A stand-in for a trained model: writing first, then everyday words. Best first; empty when there is not one letter. */
export function guessLanguages(text: string): readonly GuessedLanguage[] {
  const evidence = new Map<string, number>();
  weighScripts(text.slice(0, CHARACTERS_MAX).toLowerCase(), (language, weight) => {
    evidence.set(language, (evidence.get(language) ?? 0) + weight);
  });
  const sum = evidence.values().reduce((total, weight) => total + weight ** 2, DOUBT ** 2);
  return [...evidence]
    .map(([LanguageCode, weight]) => ({ LanguageCode, Score: Math.round((weight ** 2 / sum) * 1e7) / 1e7 }))
    .toSorted((one, other) => other.Score - one.Score || (one.LanguageCode < other.LanguageCode ? -1 : 1))
    .filter(({ Score }, place) => place === 0 || Score >= SCORE_MIN)
    .slice(0, GUESSES_MAX);
}

type Weigh = (language: string, weight: number) => void;

function weighScripts(text: string, weigh: Weigh): void {
  const count = (letters: RegExp): number => text.match(letters)?.length ?? 0;
  const kana = count(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu);
  const han = count(/\p{Script=Han}/gu);
  if (kana > 0) weigh('ja', kana + han);
  else if (han > 0) weighChinese(text, han, weigh);
  const hangul = count(/\p{Script=Hangul}/gu);
  if (hangul > 0) weigh('ko', hangul);
  const arabic = count(/\p{Script=Arabic}/gu);
  if (arabic > 0) weigh(/[پچژگی]/u.test(text) ? 'fa' : 'ar', arabic);
  const devanagari = count(/\p{Script=Devanagari}/gu);
  if (devanagari > 0) weigh('hi', devanagari);
  const cyrillic = count(/\p{Script=Cyrillic}/gu);
  if (cyrillic > 0) weigh(/[іїєґ]/u.test(text) ? 'uk' : 'ru', cyrillic);
  for (const [language, letters] of OTHER_SCRIPTS) {
    const times = count(letters);
    if (times > 0) weigh(language, times);
  }
  if (/[a-z]/u.test(text)) weighLatin(text, weigh);
}

const OTHER_SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ['el', /\p{Script=Greek}/gu],
  ['he', /\p{Script=Hebrew}/gu],
  ['th', /\p{Script=Thai}/gu],
  ['bn', /\p{Script=Bengali}/gu],
  ['ta', /\p{Script=Tamil}/gu],
];

function weighChinese(text: string, han: number, weigh: Weigh): void {
  let traditional = 0;
  let simplified = 0;
  for (const letter of text) {
    if (onlyTraditional.has(letter)) traditional += 1;
    else if (onlySimplified.has(letter)) simplified += 1;
  }
  const share = traditional + simplified === 0 ? 0 : traditional / (traditional + simplified);
  if (share > 0) weigh('zh-TW', han * share);
  if (share < 1) weigh('zh', han * (1 - share));
}

function weighLatin(text: string, weigh: Weigh): void {
  const words = text.match(/[\p{Script=Latin}\p{M}]+(?:['’]\p{Script=Latin}+)*/gu) ?? [];
  let known = 0;
  for (const word of words) {
    const languages = WORDS.get(word.replaceAll('’', "'"));
    if (languages === undefined) continue;
    known += 1;
    // A word of five languages says little about each.
    for (const language of languages) weigh(language, 1 / languages.length ** 1.5);
  }
  for (const [language, letters] of Object.entries(LATIN_LETTERS)) {
    const times = text.match(letters)?.length ?? 0;
    if (times > 0) weigh(language, times * LETTER_WEIGHT);
    known += times;
  }
  if (known === 0 && words.length > 0) weigh('en', 0.2);
}
