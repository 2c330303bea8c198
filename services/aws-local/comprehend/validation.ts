import type { Checks } from '../checks.ts';
import { AwsError } from '../errors.ts';
import { constraintError, type JsonObject } from '../request-body.ts';
import { LEXICONS, type SentimentLanguage } from './lexicons/all.ts';

const BATCH_DOCUMENTS_MAX = 25;
/** Documented as 5 KB, enforced as 5,000 bytes. */
const DOCUMENT_BYTES_MAX = 5_000;
const LONE_LANGUAGE_BYTES_MAX = 100_000;

/** The documents of a batch, or the error of the first rule they break: presence, count, size. */
export function readTextList(body: JsonObject, checks: Checks): readonly string[] {
  const { TextList: list } = body;
  if (list === undefined || list === null) throw missing('textList');
  if (!Array.isArray(list)) throw new AwsError('SerializationException', 400, 'Expected a list: TextList');
  if (list.length === 0) {
    throw constraintError("'[]'", 'textList', 'Member must have length greater than or equal to 1');
  }
  const texts = list.map((text: unknown, index) => readText(text, `textList.${index + 1}.member`, checks));
  if (checks.batch_size && texts.length > BATCH_DOCUMENTS_MAX) {
    throw new AwsError(
      'BatchSizeLimitExceededException',
      400,
      `Batch size ${texts.length} exceeds the limit. Maximum batch size is ${BATCH_DOCUMENTS_MAX}.`,
    );
  }
  for (const text of texts) checkSize(text, DOCUMENT_BYTES_MAX, checks);
  return texts;
}

export function readLoneText(body: JsonObject, purpose: 'sentiment' | 'language', checks: Checks): string {
  const text = readText(body.Text, 'text', checks);
  checkSize(text, purpose === 'sentiment' ? DOCUMENT_BYTES_MAX : LONE_LANGUAGE_BYTES_MAX, checks);
  return text;
}

export function readLanguage(body: JsonObject, checks: Checks): SentimentLanguage {
  const { LanguageCode: language } = body;
  if (language === undefined || language === null) throw missing('languageCode');
  if (typeof language !== 'string') {
    throw new AwsError('SerializationException', 400, 'Expected a string: LanguageCode');
  }
  if (isSentimentLanguage(language)) return language;
  if (checks.language === 'off') return 'en';
  const known = Object.keys(LEXICONS).join(', ');
  if (checks.language === 'UnsupportedLanguageException') {
    throw new AwsError(
      'UnsupportedLanguageException',
      400,
      `The language ${language} is not supported. Supported: ${known}`,
    );
  }
  throw constraintError(`'${language}'`, 'languageCode', `Member must satisfy enum value set: [${known}]`);
}

function isSentimentLanguage(language: string): language is SentimentLanguage {
  return Object.hasOwn(LEXICONS, language);
}

function readText(text: unknown, member: string, checks: Checks): string {
  if (text === undefined || text === null) throw missing(member);
  if (typeof text !== 'string') throw new AwsError('SerializationException', 400, 'Expected a string.');
  if (text === '' || (checks.blank_text && text.trim() === '')) {
    throw constraintError("''", member, 'Member must have length greater than or equal to 1');
  }
  return text;
}

function checkSize(text: string, bytesMax: number, checks: Checks): void {
  const bytes = Buffer.byteLength(text);
  if (!checks.text_size || bytes <= bytesMax) return;
  throw new AwsError(
    'TextSizeLimitExceededException',
    400,
    `Input text size exceeds limit. Max length of request text allowed is ${bytesMax} bytes while in this request the text size is ${bytes} bytes`,
  );
}

function missing(member: string): AwsError {
  return constraintError('null', member, 'Member must not be null');
}
