import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Format, requestBody } from './request.ts';

test('a golden body: no header, no label, no last newline, -0 as 0, exponents as they are', () => {
  const rows = [
    [12.5, 1, 0, 23, -1, 4],
    [-0, 1e21, 5e-7, 0.1 + 0.2, Number.MAX_SAFE_INTEGER, -3],
  ];
  expect(requestBody(rows, 'csv')).toEqual({
    contentType: 'text/csv',
    accept: 'text/csv',
    body: '12.5,1,0,23,-1,4\n0,1e+21,5e-7,0.30000000000000004,9007199254740991,-3',
  });
});

test('every finite number reads back as the same number', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(fc.array(fc.array(number, { minLength: 1 }), { minLength: 1 }), (rows) => {
      const read = requestBody(rows, 'csv')
        .body.split('\n')
        .map((line) => line.split(',').map(Number));
      expect(read).toEqual(rows.map((row) => row.map((value) => value + 0))); // + 0: -0 is written as 0
    }),
    { seed: 3 },
  );
});

const ROWS = [
  [12.5, -0, 1e21],
  [5e-7, -1, 4],
];

test('golden bodies of JSON and JSON lines', () => {
  expect(requestBody(ROWS, 'json')).toEqual({
    contentType: 'application/json',
    accept: 'application/json',
    body: '{"instances":[{"features":[12.5,0,1e+21]},{"features":[5e-7,-1,4]}]}',
  });
  expect(requestBody(ROWS, 'jsonl')).toEqual({
    contentType: 'application/jsonlines',
    accept: 'application/jsonlines',
    body: '{"features":[12.5,0,1e+21]}\n{"features":[5e-7,-1,4]}',
  });
});

test('every finite number reads back as the same number from JSON too', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(fc.array(fc.array(number, { minLength: 1 }), { minLength: 1 }), (rows) => {
      const expected = rows.map((row) => ({ features: row.map((value) => value + 0) }));
      const body = (format: Format) => requestBody(rows, format).body;
      expect(JSON.parse(body('json'))).toEqual({ instances: expected });
      expect(
        body('jsonl')
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual(expected);
    }),
    { seed: 3 },
  );
});
