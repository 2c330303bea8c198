import { expect, test } from 'vitest';
import { linearLearner, randomCutForest } from './built-in.ts';
import { type Container, invokeContainer } from './container.ts';
import { fraudScorer } from './fraud.ts';
import { parseRows, payloadFormat } from './payload.ts';

const ROWS = [
  [45.5, 1, 1, 14, 3.2, 0],
  [1.99, 8, 0, 3, -1, 6],
];
const [LOW = 0, HIGH = 0] = ROWS.map((row) => fraudScorer.score(row));
const invoke = (container: Container, body: string, contentType: string, accept = '') =>
  invokeContainer(
    container,
    fraudScorer,
    {
      bytes: Buffer.byteLength(body),
      rows: parseRows(body, payloadFormat(contentType) ?? 'text/csv'),
      contentType,
      accept,
    },
    undefined,
  );

const FORMS: readonly (readonly [name: string, contentType: string, body: string])[] = [
  ['CSV', 'text/csv', ROWS.map((row) => row.join(',')).join('\n')],
  ['CSV without a label', 'text/csv;label_size=0', ROWS.map((row) => row.join(',')).join('\n')],
  [
    'JSON',
    'application/json; charset=utf-8',
    JSON.stringify({ instances: ROWS.map((features) => ({ features })) }),
  ],
  [
    'JSON, the longer form',
    'application/json',
    JSON.stringify({ instances: ROWS.map((values) => ({ data: { features: { values } } })) }),
  ],
  [
    'JSON lines',
    'application/jsonlines',
    ROWS.map((features) => `${JSON.stringify({ features })}\n`).join(''),
  ],
];

test.each(FORMS)('%s is read, and scored as any other form', (_name, contentType, body) => {
  expect(invoke(linearLearner, body, contentType, 'text/csv').body).toBe(`${LOW}\n${HIGH}\n`);
});

test('Linear Learner answers predictions with labels, line by line for JSON lines', () => {
  const [, , , longer, lines] = FORMS;
  const json = invoke(linearLearner, longer?.[2] ?? '', 'application/json');
  expect(json.headers).toEqual({ 'content-type': 'application/json; charset=utf-8' });
  expect(JSON.parse(String(json.body))).toEqual({
    predictions: [
      { score: LOW, predicted_label: 0 },
      { score: HIGH, predicted_label: 1 },
    ],
  });
  expect(invoke(linearLearner, lines?.[2] ?? '', 'application/jsonlines').body).toBe(
    `{"score":${LOW},"predicted_label":0}\n{"score":${HIGH},"predicted_label":1}\n`,
  );
});

test('Random Cut Forest calls its list scores', () => {
  const body = invoke(randomCutForest, FORMS[2]?.[2] ?? '', 'application/json').body;
  expect(JSON.parse(String(body))).toEqual({ scores: [{ score: LOW }, { score: HIGH }] });
});

test('null is a missing value, as an empty cell is', () => {
  const json = invoke(
    linearLearner,
    '{"features":[45.5,1,null,14,3.2,0]}',
    'application/jsonlines',
    'text/csv',
  );
  expect(json.body).toBe(invoke(linearLearner, '45.5,1,,14,3.2,0', 'text/csv').body);
});

test.each([
  ['a type nobody reads', 'image/png', 'x', 415],
  ['no instances', 'application/json', '{}', 400],
  ['an empty list of instances', 'application/json', '{"instances":[]}', 400],
  ['instances that are no records', 'application/json', '{"instances":[1]}', 400],
  ['texts for numbers', 'application/json', '{"instances":[{"features":["a"]}]}', 400],
  ['cut JSON', 'application/json', '{"instances":[{"fea', 400],
  ['one bad line', 'application/jsonlines', '{"features":[1,2,3,4,5,6]}\nx', 400],
  ['a wrong width', 'application/jsonlines', '{"features":[1,2]}', 400],
] as const)('%s is refused', (_name, contentType, body, status) => {
  expect(() => invoke(linearLearner, body, contentType)).toThrow(expect.objectContaining({ status }));
});
