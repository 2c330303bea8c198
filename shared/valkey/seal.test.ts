import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerSeal } from './seal.ts';

const secret = randomBytes(32);
const seal = new AnswerSeal(secret, 'local');
const hash = 'ab'.repeat(32);
const answer = { requestHash: hash, result: '{"vector":"AAA","tokens":7}', costNanoUsd: 140 };

test('whatever was sealed comes back as it was, and nothing else is an answer', () => {
  const costs = fc.integer({ min: 0, max: 999_999_999_999_999 });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), costs, fc.nat(), fc.string(), (result, cost, at, other) => {
      const sealed = seal.seal({ requestHash: hash, result, costNanoUsd: cost });
      expect(seal.open(hash, sealed)).toEqual({ result, costNanoUsd: cost });
      expect(seal.open(hash, other)).toBeUndefined();
      const place = at % sealed.length;
      const spoilt = `${sealed.slice(0, place)}${sealed[place] === '7' ? '8' : '7'}${sealed.slice(place + 1)}`;
      expect(seal.open(hash, spoilt)).toBeUndefined();
      expect(seal.open(hash, sealed.slice(0, place))).toBeUndefined();
      expect(seal.open(hash, `${sealed} `)).toBeUndefined();
    }),
  );
});

test('an answer is one for its own request, database and whoever answers alone', () => {
  const sealed = seal.seal(answer);
  expect(seal.open('cd'.repeat(32), sealed)).toBeUndefined();
  for (const other of [new AnswerSeal(randomBytes(32), 'local'), new AnswerSeal(secret, 'real')]) {
    expect(other.open(hash, sealed)).toBeUndefined();
    expect(other.keyOf(hash)).not.toBe(seal.keyOf(hash));
  }
  const again = new AnswerSeal(secret, 'local');
  expect(again.keyOf(hash)).toBe(seal.keyOf(hash));
  expect(again.open(hash, sealed)).toEqual({ result: answer.result, costNanoUsd: 140 });
});

test('no other last letter of a signature is the same signature', () => {
  const sealed = seal.seal(answer);
  const opened = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter(
    (letter) => seal.open(hash, `${sealed.slice(0, 42)}${letter}${sealed.slice(43)}`) !== undefined,
  );
  expect(opened).toEqual([sealed[42]]);
});

test('keys begin with the product and the format, and tell nothing of the secret', () => {
  expect(seal.keyOf(hash)).toMatch(new RegExp(`^afterglow:answer:1:[0-9a-f]{16}:${hash}$`));
  expect(seal.keyOf(hash)).not.toContain(secret.toString('hex').slice(0, 16));
});
