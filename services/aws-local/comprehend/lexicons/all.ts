import { arabic } from './arabic.ts';
import { chineseSimplified } from './chinese-simplified.ts';
import { chineseTraditional } from './chinese-traditional.ts';
import { english } from './english.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import { hindi } from './hindi.ts';
import { italian } from './italian.ts';
import { japanese } from './japanese.ts';
import { korean } from './korean.ts';
import type { Lexicon } from './lexicon.ts';
import { portuguese } from './portuguese.ts';
import { spanish } from './spanish.ts';

export const LEXICONS = {
  ar: arabic,
  de: german,
  en: english,
  es: spanish,
  fr: french,
  hi: hindi,
  it: italian,
  ja: japanese,
  ko: korean,
  pt: portuguese,
  zh: chineseSimplified,
  'zh-TW': chineseTraditional,
} as const satisfies Readonly<Record<string, Lexicon>>;

export type SentimentLanguage = keyof typeof LEXICONS;
