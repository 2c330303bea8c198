import { LANGUAGES } from './config.ts';

export type Language = (typeof LANGUAGES)[number];

const SUPPORTED: ReadonlySet<string> = new Set(LANGUAGES);
/** Like `und`, these name no language. */
const UNKNOWN: ReadonlySet<string> = new Set(['mul', 'mis']);
/** The codes of languages have two or three letters; longer ones are words that somebody wrote into the column. */
const CODE_LETTERS_MAX = 3;

const KNOWN_TAGS_MAX = 1_000;
const knownTags = new Map<string, Language | 'unsupported' | undefined>();

/**
 * A BCP 47 tag as the service's code: en-US is en, zh-Hant and zh-HK are zh-TW. `unsupported` for the codes of all other
 * languages, undefined for what names no language at all.
 */
export function languageOf(tag: string | undefined): Language | 'unsupported' | undefined {
  if (tag === undefined) return undefined;
  if (knownTags.has(tag)) return knownTags.get(tag);
  const language = readTag(tag);
  // A column may hold anything, so what is remembered of it is bounded.
  if (knownTags.size >= KNOWN_TAGS_MAX) knownTags.clear();
  knownTags.set(tag, language);
  return language;
}

function readTag(tag: string): Language | 'unsupported' | undefined {
  let locale: Intl.Locale;
  try {
    locale = new Intl.Locale(tag.trim().replaceAll('_', '-'));
  } catch {
    return undefined;
  }
  const language: string | undefined = locale.language; // V8 answers undefined for `und`, whatever the types say
  if (language === undefined || UNKNOWN.has(language) || language.length > CODE_LETTERS_MAX) return undefined;
  const code = language === 'zh' && locale.maximize().script === 'Hant' ? 'zh-TW' : language;
  return isSupported(code) ? code : 'unsupported';
}

const isSupported = (code: string): code is Language => SUPPORTED.has(code);
