import { arabic } from './arabic.ts';
import { chineseSimplified } from './chinese-simplified.ts';
import { chineseTraditional } from './chinese-traditional.ts';
import { dutch } from './dutch.ts';
import { english } from './english.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import { hindi } from './hindi.ts';
import { italian } from './italian.ts';
import { japanese } from './japanese.ts';
import { korean } from './korean.ts';
import type { Phrases } from './phrases.ts';
import { polish } from './polish.ts';
import { portuguese } from './portuguese.ts';
import { spanish } from './spanish.ts';
import { turkish } from './turkish.ts';

/** The twelve languages that Comprehend judges, then some that it does not. */
export const LANGUAGES: Readonly<Record<string, Phrases>> = {
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
  nl: dutch,
  pl: polish,
  tr: turkish,
};
