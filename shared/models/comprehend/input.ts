import { Fault } from '../../errors/policy.ts';
import { codePoints, fitting } from '../characters.ts';
import type { Asked, ModelItem, RowInput } from '../model.ts';
import { type Language, languageOf } from './language.ts';
import { DETECTION_CHARACTERS_MAX, DETECTION_CHARACTERS_MIN, DOCUMENT_BYTES_MAX } from './limits.ts';

export interface LanguageRules {
  readonly detect: 'when_missing' | 'never';
  readonly fallback: Language;
}

export type LanguageOrigin = 'column' | 'detected' | 'fallback';

/** The language of a row and who says so; `unsupported` is one of which the service knows no sentiment. */
export type KnownLanguage =
  | { readonly language: Language | 'unsupported'; readonly origin: LanguageOrigin }
  | 'ask the detector';

/** The column's word, else the detector's, else the fallback. */
export function knownLanguage(row: RowInput, rules: LanguageRules): KnownLanguage {
  const named = languageOf(row.language);
  if (named !== undefined) return { language: named, origin: 'column' };
  const detected = languageOf(row.detected ?? undefined);
  if (detected !== undefined) return { language: detected, origin: 'detected' };
  if (row.detected === undefined && rules.detect === 'when_missing' && isLongEnough(textOf(row))) {
    return 'ask the detector';
  }
  return { language: rules.fallback, origin: 'fallback' };
}

/** The one document of a row: its text without the white space around it, cut at what the service takes. */
export function documentOf(row: RowInput, rules: LanguageRules): Asked {
  const text = textOf(row);
  if (text === '') return { kind: 'skip', reason: 'empty_input' };
  const known = knownLanguage(row, rules);
  if (known === 'ask the detector') return { kind: 'detect' };
  if (known.language === 'unsupported') return { kind: 'skip', reason: 'unsupported_language' };
  const input = fitting(text, 0, DOCUMENT_BYTES_MAX);
  return { kind: 'items', items: [{ input, language: known.language }] };
}

/** What the detector is asked about: the beginning of the text. */
export function beginningOf(row: RowInput): Asked {
  const text = textOf(row);
  if (text === '') return { kind: 'skip', reason: 'empty_input' };
  const beginning = [...text.slice(0, 2 * DETECTION_CHARACTERS_MAX)].slice(0, DETECTION_CHARACTERS_MAX);
  return { kind: 'items', items: [{ input: beginning.join('') }] };
}

export function isCut(row: RowInput, [item]: readonly ModelItem[]): boolean {
  return item !== undefined && item.input.length < textOf(row).length;
}

function textOf({ input }: RowInput): string {
  if (typeof input !== 'string') {
    throw new Fault('input', 'not_text', 'A comprehend model takes a text, and the row has numbers.');
  }
  return input.toWellFormed().trim();
}

function isLongEnough(text: string): boolean {
  return text.length >= DETECTION_CHARACTERS_MIN && codePoints(text) >= DETECTION_CHARACTERS_MIN;
}
