import { Fault } from '../../errors/policy.ts';
import type { ModelItem } from '../model.ts';
import { DOCUMENT_BYTES_MAX } from './limits.ts';

/**
 * What goes into the list of texts, or why this item must not: a document that the service refuses fails all others of
 * its call, and one that is no string vanishes from the list and shifts every answer behind it.
 */
export function document({ input }: ModelItem): string | Fault {
  if (typeof input !== 'string') {
    return new Fault('input', 'not_text', 'A comprehend model takes a text, and the row has numbers.');
  }
  if (input.trim() === '') return new Fault('input', 'empty_text', 'The text is blank.');
  if (Buffer.byteLength(input) > DOCUMENT_BYTES_MAX) {
    return new Fault('rejected_item', 'oversize', `The text has more than ${DOCUMENT_BYTES_MAX} bytes.`);
  }
  return input;
}

/** The language that all items of a call share. */
export function sharedLanguage(items: readonly ModelItem[]): string {
  const [language, ...others] = new Set(items.map((item) => item.language));
  if (language === undefined || others.length > 0) {
    throw new Fault('unknown', 'mixed_languages', 'The texts of one call must have one language.');
  }
  return language;
}
