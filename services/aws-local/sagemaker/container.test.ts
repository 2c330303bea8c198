import { describe, expect, test } from 'vitest';
import { CONTAINER_BYTES_MAX, ContainerError, invokeContainer } from './container.ts';
import { parseCsv } from './csv.ts';
import { fraudScorer } from './fraud.ts';
import { xgboost } from './xgboost.ts';

const ROW = '45.5,1,1,14,3.2,0';
const SCORE = String(fraudScorer.score([45.5, 1, 1, 14, 3.2, 0]));
const invoke = (body: string, contentType = 'text/csv', accept = 'text/csv') =>
  invokeContainer(
    xgboost,
    fraudScorer,
    { bytes: Buffer.byteLength(body), rows: parseCsv(body), contentType, accept },
    undefined,
  );

describe('answers', () => {
  test.each([
    ['text/csv', `${SCORE}\n${SCORE}\n`],
    ['*/*', `${SCORE}\n${SCORE}\n`],
    ['', `${SCORE}\n${SCORE}\n`],
    ['application/json', `{"predictions":[{"score":${SCORE}},{"score":${SCORE}}]}`],
    ['application/jsonlines; verbose=1', `{"score":${SCORE}}\n{"score":${SCORE}}\n`],
  ])('accept %s', (accept, body) => {
    expect(invoke(`\n${ROW}\r\n${ROW}\n`, 'text/csv; charset=utf-8', accept)).toMatchObject({
      status: 200,
      body,
    });
  });

  test('an empty body is 204, before anything else is looked at', () => {
    expect(invoke('', 'image/png', 'image/png')).toMatchObject({ status: 204, body: '' });
  });

  test('an empty cell is a missing value, not a zero', () => {
    const missing = invoke('45.5,1,,14,3.2,0').body;
    expect(missing).toBe(`${fraudScorer.score([45.5, 1, Number.NaN, 14, 3.2, 0])}\n`);
    expect(missing).not.toBe(invoke('45.5,1,0,14,3.2,0').body);
  });
});

describe('refusals, in the order the container checks', () => {
  test.each([
    ['too long', `${ROW}\n`.repeat(CONTAINER_BYTES_MAX / 18 + 1), 'image/png', '*/*', 413],
    ['no content type', ROW, 'application/octet-stream', '*/*', 415],
    ['JSON, which it does not read', '{"instances":[]}', 'application/json', '*/*', 415],
    ['a label size of none', ROW, 'text/csv;label_size=0', '*/*', 415],
    ['text for a number', '45.5,1,1,14,3.2,grocery', 'text/csv', 'image/png', 415],
    ['a header line', `amount,attempts,a,b,c,d\n${ROW}`, 'text/csv', '*/*', 415],
    ['a row too narrow, before the accept type', `${ROW}\n1,2,3`, 'text/csv', 'image/png', 400],
    ['an unknown accept type', ROW, 'text/csv', 'image/png', 406],
  ])('%s', (_name, body, contentType, accept, status) => {
    expect(() => invoke(body, contentType, accept)).toThrow(expect.objectContaining({ status }));
  });

  test('a wrong width is named, the values are not', () => {
    try {
      invoke('4711.25,2,3');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ContainerError);
      expect(String(error)).toContain('Feature size of csv inference data 3 is not consistent');
      expect(String(error)).not.toContain('4711');
    }
  });
});
