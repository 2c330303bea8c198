import { LANGUAGES } from '../../../services/cli/demo/phrases/languages.ts';
import { createRandom } from '../../../services/cli/demo/random.ts';

const TEXT_CHARACTERS = 280;
export const DOCUMENTS = 25;
export const ROWS = 100;

/** Texts of reviews, all different, none of them cached by anybody. */
export function reviewTexts(count: number, language: string): readonly string[] {
  const phrases = LANGUAGES[language];
  if (phrases === undefined) throw new RangeError(`no phrases in ${language}`);
  const random = createRandom(1);
  const sentences = [...phrases.openings, ...phrases.likes, ...phrases.dislikes, ...phrases.facts];
  return Array.from({ length: count }, (_, number) => {
    let text = `${number}`;
    while (text.length < TEXT_CHARACTERS) {
      text += ` ${random.pick(sentences).replaceAll('{n}', String(random.integer(2, 60)))}`;
    }
    return text;
  });
}

export function titanRequests(count: number, modelId: string, dimensions?: number): readonly Buffer[] {
  const path = `/model/${encodeURIComponent(modelId)}/invoke`;
  return reviewTexts(count, 'en').map((inputText) =>
    request('bedrock', path, 'application/json', JSON.stringify({ inputText, dimensions })),
  );
}

export function sentimentRequests(count: number, language: string): readonly Buffer[] {
  const texts = reviewTexts(count * DOCUMENTS, language);
  return Array.from({ length: count }, (_, number) =>
    request(
      'comprehend',
      '/',
      'application/x-amz-json-1.1',
      JSON.stringify({
        TextList: texts.slice(number * DOCUMENTS, (number + 1) * DOCUMENTS),
        LanguageCode: language,
      }),
      'X-Amz-Target: Comprehend_20171127.BatchDetectSentiment\r\n',
    ),
  );
}

export function fraudRequests(count: number): readonly Buffer[] {
  const random = createRandom(1);
  const row = (): string =>
    [
      random.integer(1, 90_000) / 100,
      random.integer(1, 9),
      1,
      random.integer(0, 23),
      3.2,
      random.integer(0, 8),
    ].join(',');
  return Array.from({ length: count }, () =>
    request(
      'sagemaker',
      '/endpoints/fraud-xgboost/invocations',
      'text/csv',
      Array.from({ length: ROWS }, row).join('\n'),
    ),
  );
}

/** With the headers that the client of AWS sends. */
function request(service: string, path: string, contentType: string, body: string, target = ''): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${contentType}\r\n${target}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nUser-Agent: aws-sdk-js/3.1162.0\r\n` +
      `X-Amz-User-Agent: aws-sdk-js/3.1162.0\r\nAmz-Sdk-Invocation-Id: ${crypto.randomUUID()}\r\n` +
      `Amz-Sdk-Request: attempt=1; max=1\r\nX-Amz-Date: 20261121T031500Z\r\n` +
      `X-Amz-Content-Sha256: ${'0'.repeat(64)}\r\n` +
      `Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/${service}/aws4_request, ` +
      `SignedHeaders=content-type;host;x-amz-date, Signature=${'0'.repeat(64)}\r\n\r\n${body}`,
  );
}
