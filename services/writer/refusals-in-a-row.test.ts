import { expect, test } from 'vitest';
import { Fault } from '../../shared/errors/policy.ts';
import { RefusalsInARow } from './refusals-in-a-row.ts';

const refused = (code: string): Fault => new Fault('refused_by_database', code, 'refused');
const SCORED = [{ status: 'scored' }] as const;
const WITHOUT_RESULTS = [
  { status: 'skipped' },
  { status: 'deleted' },
  { status: 'over_budget' },
  { status: 'failed' },
] as const;

test('a hundred refusals in a row of one topic are its tables, and stay so until a result is taken', () => {
  const refusals = new RefusalsInARow();
  const add = (topic: string, count: number, code = '23514'): void => {
    for (let row = 0; row < count; row += 1) refusals.add(topic, refused(code));
  };
  add('one', 99);
  refusals.written('one', SCORED);
  add('one', 100);
  add('other', 1);
  expect(() => add('one', 1)).toThrow(expect.objectContaining({ kind: 'set_up', code: 'every_row_refused' }));
  expect(() => add('one', 1)).toThrow('23514');
  refusals.written('one', SCORED);
  add('one', 1);
});

test('outcomes without a result, as they are written beside refused ones, say nothing of the table of results', () => {
  const refusals = new RefusalsInARow();
  const add = (): void => {
    refusals.add('one', refused('23514'));
    refusals.written('one', WITHOUT_RESULTS);
  };
  for (let row = 0; row < 100; row += 1) add();
  expect(add).toThrow('23514');
  refusals.written('one', [...WITHOUT_RESULTS, ...SCORED]);
  add();
});

test('what fits no table at all says nothing of its rules', () => {
  const refusals = new RefusalsInARow();
  for (let row = 0; row < 500; row += 1) refusals.add('one', refused('shape'));
});
