import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { Output } from './output.ts';
import { reportError } from './report-error.ts';

function report(error: unknown, json: boolean, logLevel?: 'debug') {
  const written = { out: '', err: '' };
  const stream = (name: keyof typeof written) =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const output = new Output(stream('out'), stream('err'), { json, color: false });
  return { status: reportError(error, output, logLevel), ...written };
}

test('an error that a person can act on: one sentence, what to do, its status', () => {
  expect(report(new AfterglowError('already_running'), false)).toEqual({
    status: 4,
    out: '',
    err: 'Error: A stack is already running in this folder.\nWhat to do: Use it, or stop it with `npx afterglow down`.\n',
  });
});

test('as JSON it goes where a program looks', () => {
  const { status, out, err } = report(new AfterglowError('already_running'), true);
  expect(status).toBe(4);
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'already_running' } });
});

test('anything else is a defect, with its stack only where someone asked for it', () => {
  const defect = new TypeError('x is not a function');
  expect(report(defect, false)).toMatchObject({ status: 70 });
  expect(report(defect, false).err).not.toContain('report-error.test.ts');
  expect(report(defect, false, 'debug').err).toContain('report-error.test.ts');
});

test('JSON holds nothing that a terminal would obey', () => {
  const { out } = report(new AfterglowError('usage', 'a\u001B[2J\u009B31m\u202Eb'), true);
  expect(out).toMatch(/^[\x20-\x7E]+\n$/);
});
