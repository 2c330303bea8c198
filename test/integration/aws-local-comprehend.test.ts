// Comprehend as the real client sees it: members, limits, error names, and the order in which they are checked.
import {
  BatchDetectDominantLanguageCommand,
  BatchDetectSentimentCommand,
  DetectDominantLanguageCommand,
  DetectSentimentCommand,
  type LanguageCode,
} from '@aws-sdk/client-comprehend';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';
import { type AwsSdkClients, awsSdkClients, errorOf } from '../support/aws-sdk.ts';

let awsLocal: AwsLocal;
let clients: AwsSdkClients;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  clients = awsSdkClients(awsLocal.url);
});
afterAll(async () => {
  clients.close();
  await awsLocal.close();
});
afterEach(() => awsLocal.control.reset());

const sentiments = (texts: string[], language: LanguageCode = 'en') =>
  clients.comprehend.send(new BatchDetectSentimentCommand({ TextList: texts, LanguageCode: language }));
const languages = (texts: string[]) =>
  clients.comprehend.send(new BatchDetectDominantLanguageCommand({ TextList: texts }));
const sentiment = (text: string, language: LanguageCode = 'en') =>
  clients.comprehend.send(new DetectSentimentCommand({ Text: text, LanguageCode: language }));
const language = (text: string) => clients.comprehend.send(new DetectDominantLanguageCommand({ Text: text }));

const GOOD = 'The quality is excellent and delivery was quick. Warmly recommended!';
const BAD = 'It stopped working after two days. Terrible, I want a refund.';
const score = { Positive: expect.any(Number), Negative: expect.any(Number), Neutral: expect.any(Number) };
const SCORE = { ...score, Mixed: expect.any(Number) };

describe('answers', () => {
  test('BatchDetectSentiment: one result for each document, by its index, and an empty list of errors', async () => {
    const { $metadata, ...answer } = await sentiments([GOOD, BAD, 'The cable is about two metres long.']);
    expect(answer).toEqual({
      ErrorList: [],
      ResultList: [
        { Index: 0, Sentiment: 'POSITIVE', SentimentScore: SCORE },
        { Index: 1, Sentiment: 'NEGATIVE', SentimentScore: SCORE },
        { Index: 2, Sentiment: 'NEUTRAL', SentimentScore: SCORE },
      ],
    });
    expect($metadata).toMatchObject({
      httpStatusCode: 200,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('DetectSentiment: the same judgement as in a batch', async () => {
    const { $metadata: _, ...lone } = await sentiment(GOOD);
    const { ResultList } = await sentiments([BAD, GOOD]);
    expect(lone).toEqual({ Sentiment: 'POSITIVE', SentimentScore: SCORE });
    expect({ Index: 1, ...lone }).toEqual(ResultList?.[1]);
  });

  test('BatchDetectDominantLanguage: languages with scores, also such as have no sentiment', async () => {
    const { $metadata: _, ...answer } = await languages([
      'Die Verarbeitung ist hervorragend und nichts wackelt.',
      'De kwaliteit is uitstekend voor deze prijs en het is heel stevig.',
    ]);
    expect(answer).toEqual({
      ErrorList: [],
      ResultList: [
        { Index: 0, Languages: expect.arrayContaining([{ LanguageCode: 'de', Score: expect.any(Number) }]) },
        { Index: 1, Languages: expect.arrayContaining([{ LanguageCode: 'nl', Score: expect.any(Number) }]) },
      ],
    });
  });

  test('DetectDominantLanguage: the best score first', async () => {
    const { $metadata: _, ...answer } = await language(
      'La calidad es estupenda para lo que cuesta, y muy firme.',
    );
    expect(answer.Languages?.[0]).toEqual({ LanguageCode: 'es', Score: expect.any(Number) });
    const scores = answer.Languages?.map(({ Score = 0 }) => Score) ?? [];
    expect(scores).toEqual(scores.toSorted((one, other) => other - one));
  });

  test('a text of symbols is an error of its own document, which others do not notice', async () => {
    const { ResultList, ErrorList } = await languages([GOOD, '$$$$$$', BAD]);
    expect(ResultList?.map(({ Index }) => Index)).toEqual([0, 2]);
    expect(ErrorList).toEqual([
      { Index: 1, ErrorCode: 'InternalServerException', ErrorMessage: expect.stringMatching(/retry/i) },
    ]);
  });

  test('a batch of symbols alone has errors and an empty list of results', async () => {
    const { ResultList, ErrorList } = await languages(['$$', '##']);
    expect([ResultList, ErrorList?.map(({ Index }) => Index)]).toEqual([[], [0, 1]]);
  });
});

describe('limits', () => {
  const many = (count: number): string[] => Array.from({ length: count }, () => GOOD);
  const euros = (bytes: number): string => '€'.repeat(Math.floor(bytes / 3)) + 'a'.repeat(bytes % 3);

  test('25 documents of 5,000 bytes are answered', async () => {
    const { ResultList } = await sentiments(Array.from({ length: 25 }, () => euros(5_000)));
    expect(ResultList).toHaveLength(25);
  });

  test.each([
    ['no document', () => sentiments([]), 'ValidationException', /textList/],
    ['an empty document', () => sentiments([GOOD, '']), 'ValidationException', /textList\.2\.member/],
    ['a blank document', () => languages([' \n']), 'ValidationException', /textList\.1\.member/],
    ['an empty text', () => sentiment(''), 'ValidationException', /'text'/],
    [
      '26 documents',
      () => sentiments(many(26)),
      'BatchSizeLimitExceededException',
      /Maximum batch size is 25\./,
    ],
    [
      '5,001 bytes, counted as UTF-8',
      () => sentiments([GOOD, euros(5_001)]),
      'TextSizeLimitExceededException',
      /allowed is 5000 bytes while .* size is 5001 bytes/,
    ],
    [
      '5,001 bytes to find a language in',
      () => languages([euros(5_001)]),
      'TextSizeLimitExceededException',
      /5001/,
    ],
    ['5,001 bytes alone', () => sentiment(euros(5_001)), 'TextSizeLimitExceededException', /5001/],
    ['100,001 bytes alone', () => language(euros(100_001)), 'TextSizeLimitExceededException', /100000 bytes/],
    [
      'a language without sentiment',
      () => sentiments([GOOD], 'nl' as LanguageCode),
      'ValidationException',
      /languageCode/,
    ],
    [
      'too many before too long',
      () => sentiments([...many(25), euros(6_000)]),
      'BatchSizeLimitExceededException',
      /25/,
    ],
    [
      'too long before an unknown language',
      () => sentiments([euros(6_000)], 'xx' as LanguageCode),
      'TextSizeLimitExceededException',
      /6000/,
    ],
    [
      'empty before too many',
      () => sentiments([...many(25), '']),
      'ValidationException',
      /textList\.26\.member/,
    ],
  ])('%s is 400', async (_name, call, name, message) => {
    const error = await errorOf(call());
    expect([error.name, error.status]).toEqual([name, 400]);
    expect(error.message).toMatch(message);
  });

  test('a text of 100,000 bytes alone is answered', async () => {
    expect(
      (await language(`The quality is good. ${'the '.repeat(24_000)}`)).Languages?.[0]?.LanguageCode,
    ).toBe('en');
  });
});

test('all twelve languages are judged, and none that is not among them', async () => {
  for (const code of ['ar', 'de', 'en', 'es', 'fr', 'hi', 'it', 'ja', 'ko', 'pt', 'zh', 'zh-TW'] as const) {
    expect((await sentiments(['👍👍'], code)).ResultList?.[0]?.Sentiment, code).toBe('POSITIVE');
  }
});

describe('on the wire', () => {
  const SIGNED = {
    authorization: `AWS4-HMAC-SHA256 Credential=A/20261120/us-east-1/comprehend/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
    'x-amz-date': '20261120T091502Z',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'Comprehend_20171127.BatchDetectSentiment',
  };
  const post = (headers: Record<string, string>, body: string, path = '/') =>
    fetch(`${awsLocal.url}${path}`, { method: 'POST', headers, body });

  test('the type of content, the name of an error in header and body', async () => {
    const answer = await post(SIGNED, '{"TextList":[],"LanguageCode":"en"}', '/base/');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/x-amz-json-1.1']);
    expect(answer.headers.get('x-amzn-errortype')).toBe('ValidationException');
    expect(await answer.json()).toMatchObject({ __type: 'ValidationException', message: expect.any(String) });
  });

  test.each([
    [
      'null in the list, which the client drops',
      '{"TextList":["a",null],"LanguageCode":"en"}',
      'ValidationException',
    ],
    ['no list', '{"LanguageCode":"en"}', 'ValidationException'],
    ['no language', '{"TextList":["a"]}', 'ValidationException'],
    ['a list that is none', '{"TextList":"a","LanguageCode":"en"}', 'SerializationException'],
    ['no JSON', '{"TextList":', 'SerializationException'],
  ])('%s is 400', async (_name, body, name) => {
    const answer = await post(SIGNED, body);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, name]);
  });

  test.each([
    ['missing', undefined, 403, 'MissingAuthenticationTokenException'],
    ['malformed', 'AWS4-HMAC-SHA256 nonsense', 400, 'IncompleteSignatureException'],
    [
      'for another service',
      SIGNED.authorization.replace('comprehend', 'bedrock'),
      403,
      'InvalidSignatureException',
    ],
  ])('a signature that is %s', async (_name, authorization, status, name) => {
    const { authorization: _, ...headers } = SIGNED;
    const answer = await post({ ...headers, ...(authorization && { authorization }) }, '{}');
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([status, name]);
  });

  test('an operation it does not have', async () => {
    const target = { 'x-amz-target': 'Comprehend_20171127.DetectEntities' };
    const answer = await post({ ...SIGNED, ...target }, '{}');
    expect(answer.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
  });
});
