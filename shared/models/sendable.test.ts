import { expect, test } from 'vitest';
import { Fault } from '../errors/policy.ts';
import { callWithSendable } from './sendable.ts';

const UNSENDABLE = new Fault('input', 'empty', 'Nothing to send.');
const ok = (result: string) => ({ kind: 'ok', result, costNanoUsd: 1 }) as const;

test('what is not sent keeps its place among the answers to what is', async () => {
  const outcomes = await callWithSendable([UNSENDABLE, 'a', UNSENDABLE, 'b'], async (sent) => sent.map(ok));
  expect(outcomes).toEqual([
    { kind: 'rejected', fault: UNSENDABLE },
    ok('a'),
    { kind: 'rejected', fault: UNSENDABLE },
    ok('b'),
  ]);
});

test('without anything to send nothing is called', async () => {
  const call = () => Promise.reject(new Error('called'));
  expect(await callWithSendable([UNSENDABLE], call)).toMatchObject([{ kind: 'rejected' }]);
});

test('outcomes of another count are nobody’s', async () => {
  const call = callWithSendable(['a', 'b'], async () => [ok('a')]);
  await expect(call).rejects.toMatchObject({ kind: 'contract', code: 'row_count' });
});
