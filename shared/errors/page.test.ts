import { expect, test } from 'vitest';
import { CATALOGUE } from './catalogue.ts';
import { errorsPage } from './page.ts';
import { asFault, Fault, POLICY } from './policy.ts';

test('docs/errors.md is what the tables say', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md');
});

test('every entry says what it means and what to do, in whole sentences', () => {
  for (const { meaning, remedy } of Object.values(CATALOGUE)) {
    expect(meaning).toMatch(/^[A-Z`].*\.$/s);
    expect(remedy.length).toBeGreaterThan(10);
  }
  for (const { hint } of Object.values(POLICY)) expect(hint).toMatch(/\.$/);
});

test('what nobody named is unknown, and a fault stays itself', () => {
  const fault = new Fault('throttled', 'ThrottlingException', 'slow down');
  expect(asFault(fault)).toBe(fault);
  expect(asFault(new TypeError('x'))).toMatchObject({ kind: 'unknown', code: 'TypeError' });
  expect(asFault('text')).toMatchObject({ kind: 'unknown' });
});
