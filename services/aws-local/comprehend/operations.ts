import type { Checks } from '../checks.ts';
import { AwsError } from '../errors.ts';
import type { Bend, BendKind } from '../faults/bend.ts';
import type { AwsAnswer, AwsRequest, Call, Operation } from '../operation.ts';
import { type JsonObject, parseJsonObject, serializationError } from '../request-body.ts';
import { answerBatch, BARE_NAN, type Judged, withoutNumber } from './batch.ts';
import { unitsOf } from './characters.ts';
import { guessLanguages } from './language-guess.ts';
import { sentimentOf } from './sentiment.ts';
import { readLanguage, readLoneText, readTextList } from './validation.ts';

const TARGET = 'Comprehend_20171127.';
const BATCH_BENDS: ReadonlySet<BendKind> = new Set<BendKind>([
  'rows',
  'reordered',
  'repeated_index',
  'item_error',
  'not_a_number',
]);
const LONE_BENDS: ReadonlySet<BendKind> = new Set<BendKind>(['not_a_number']);

type Purpose = 'sentiment' | 'language';

/** What is to be made of each document of a body: the last of the checks, after those of the documents. */
function judgeOf(purpose: Purpose, body: JsonObject, checks: Checks): (text: string) => Judged {
  if (purpose === 'language') return (text) => judgeLanguage(text, checks);
  const language = readLanguage(body, checks);
  return (text) => ({ members: { ...sentimentOf(text, language) } });
}

/** Of a text without a single letter AWS says that it should be tried again, though no trying can help. */
function judgeLanguage(text: string, checks: Checks): Judged {
  const languages = guessLanguages(text);
  if (languages.length > 0 || !checks.symbols) return { members: { Languages: languages } };
  return {
    error: {
      ErrorCode: 'InternalServerException',
      ErrorMessage: 'An internal server error occurred. Retry your request.',
    },
  };
}

function batchOperation(name: string, purpose: Purpose): Operation {
  return comprehendOperation(name, BATCH_BENDS, (body) => ({
    texts: textsOf(body.TextList),
    answer(bend, checks) {
      const texts = readTextList(body, checks);
      const { paidUnits, ...lists } = answerBatch(texts, judgeOf(purpose, body, checks), bend);
      return json({ ...lists }, paidUnits);
    },
  }));
}

function loneOperation(name: string, purpose: Purpose): Operation {
  return comprehendOperation(name, LONE_BENDS, (body) => ({
    texts: textsOf([body.Text]),
    answer(bend, checks) {
      const text = readLoneText(body, purpose, checks);
      const judged = judgeOf(purpose, body, checks)(text);
      if ('error' in judged) throw new AwsError(judged.error.ErrorCode, 500, judged.error.ErrorMessage);
      const { members } = judged;
      const isBent = bend?.fault.kind === 'not_a_number';
      return json(isBent ? withoutNumber(members, bend.fault.as ?? 'text') : members, unitsOf(text));
    },
  }));
}

interface ReadBody {
  readonly texts: readonly string[];
  answer(bend: Bend | undefined, checks: Checks): AwsAnswer;
}

function comprehendOperation(
  name: string,
  bends: ReadonlySet<BendKind>,
  read: (body: JsonObject) => ReadBody,
): Operation {
  return {
    service: 'comprehend',
    name,
    protocol: 'json_1_1',
    bends,
    accepts: ({ method, headers }) => method === 'POST' && headers['x-amz-target'] === `${TARGET}${name}`,
    read(request: AwsRequest, checks: Checks): Call {
      const body = parseJsonObject(request.body);
      const call = body === undefined ? undefined : read(body);
      const texts = call?.texts ?? [];
      return {
        endpoint: '',
        rows: texts.length,
        tokens: 0,
        matches: (input) => 'contains' in input && texts.some((text) => text.includes(input.contains)),
        answer(bend) {
          if (call === undefined) throw serializationError();
          return call.answer(bend, checks);
        },
      };
    },
  };
}

/** The texts of a body, for counts and faults, before anything is checked. */
function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

function json(value: JsonObject, paidUnits: number): AwsAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify(value).replaceAll(JSON.stringify(BARE_NAN), 'NaN'),
    paidUnits,
  };
}

export const COMPREHEND_OPERATIONS: readonly Operation[] = [
  batchOperation('BatchDetectSentiment', 'sentiment'),
  batchOperation('BatchDetectDominantLanguage', 'language'),
  loneOperation('DetectSentiment', 'sentiment'),
  loneOperation('DetectDominantLanguage', 'language'),
];
