import { AwsError } from '../errors.ts';
import type { AwsRequest, Bend, Call, ModelAnswer, Operation } from '../operation.ts';
import { type JsonObject, parseJsonObject, serializationError } from '../request-body.ts';
import { unitsOf } from './characters.ts';
import { guessLanguages } from './language-guess.ts';
import type { SentimentLanguage } from './lexicons/all.ts';
import { sentimentOf } from './sentiment.ts';
import { checkLanguage, readLoneText, readTextList } from './validation.ts';

const TARGET = 'Comprehend_20171127.';

interface ItemError {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** What one document gets: members of the answer, or the error of this document alone. */
type Judged = { readonly members: JsonObject } | { readonly error: ItemError };

const judgeSentiment = (text: string, language: string): Judged => ({
  members: { ...sentimentOf(text, language as SentimentLanguage) },
});

/** Of a text without a single letter AWS says that it should be tried again, though no trying can help. */
const judgeLanguage = (text: string): Judged => {
  const languages = guessLanguages(text);
  return languages.length > 0
    ? { members: { Languages: languages } }
    : {
        error: {
          ErrorCode: 'InternalServerException',
          ErrorMessage: 'An internal server error occurred. Retry your request.',
        },
      };
};

function batchOperation(name: string, purpose: 'sentiment' | 'language'): Operation {
  return comprehendOperation(name, (body) => {
    const texts = textsOf(body.TextList);
    return { texts, answer: (bend) => answerBatch(body, purpose, bend) };
  });
}

function answerBatch(body: JsonObject, purpose: 'sentiment' | 'language', _bend: Bend | undefined) {
  const texts = readTextList(body);
  const language = purpose === 'sentiment' ? checkLanguage(body) : '';
  const ResultList: JsonObject[] = [];
  const ErrorList: JsonObject[] = [];
  let units = 0;
  for (const [Index, text] of texts.entries()) {
    const judged = purpose === 'sentiment' ? judgeSentiment(text, language) : judgeLanguage(text);
    if ('error' in judged) {
      ErrorList.push({ Index, ...judged.error });
    } else {
      ResultList.push({ Index, ...judged.members });
      units += unitsOf(text);
    }
  }
  return json({ ErrorList, ResultList }, units);
}

function loneOperation(name: string, purpose: 'sentiment' | 'language'): Operation {
  return comprehendOperation(name, (body) => ({
    texts: textsOf([body.Text]),
    answer: () => {
      const text = readLoneText(body, purpose);
      const judged =
        purpose === 'sentiment' ? judgeSentiment(text, checkLanguage(body)) : judgeLanguage(text);
      if ('error' in judged) throw new AwsError(judged.error.ErrorCode, 500, judged.error.ErrorMessage);
      return json(judged.members, unitsOf(text));
    },
  }));
}

interface ReadBody {
  readonly texts: readonly string[];
  answer(bend: Bend | undefined): ModelAnswer;
}

function comprehendOperation(name: string, read: (body: JsonObject) => ReadBody): Operation {
  return {
    service: 'comprehend',
    name,
    protocol: 'json_1_1',
    accepts: ({ method, headers }) => method === 'POST' && headers['x-amz-target'] === `${TARGET}${name}`,
    read(request: AwsRequest): Call {
      const body = parseJsonObject(request.body);
      const call = body === undefined ? undefined : read(body);
      const texts = call?.texts ?? [];
      return {
        endpoint: '',
        rows: texts.length,
        matches: (input) => 'contains' in input && texts.some((text) => text.includes(input.contains)),
        answer(bend) {
          if (call === undefined) throw serializationError();
          return call.answer(bend);
        },
      };
    },
  };
}

/** The texts of a body, for counts and faults, before anything is checked. */
function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

function json(value: JsonObject, units: number): ModelAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify(value),
    units,
  };
}

export const COMPREHEND_OPERATIONS: readonly Operation[] = [
  batchOperation('BatchDetectSentiment', 'sentiment'),
  batchOperation('BatchDetectDominantLanguage', 'language'),
  loneOperation('DetectSentiment', 'sentiment'),
  loneOperation('DetectDominantLanguage', 'language'),
];
