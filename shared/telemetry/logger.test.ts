import { expect, test } from 'vitest';
import { DatabaseError } from '../postgres/connect.ts';
import { loggableError } from './logger.ts';

test('no value of a row gets from a database error or a parser into a log', () => {
  const refused = new DatabaseError('invalid input syntax for type integer: "4242"', 1, 'error');
  refused.severity = 'ERROR';
  refused.code = '22P02';
  refused.routine = 'pg_strtoint32_safe';
  refused.detail = 'Failing row contains (4242).';
  let parsing: unknown;
  try {
    JSON.parse('{"card": 4242 x');
  } catch (error) {
    parsing = error;
  }
  const wrapped = new Error('the side tables refuse the row', { cause: refused });
  const logged = JSON.stringify([loggableError(refused), loggableError(parsing), loggableError(wrapped)]);
  expect(logged).not.toContain('4242');
  expect(logged).toContain('22P02');
  expect(logged).toContain('the side tables refuse the row');
});
