import { expect, test } from 'vitest';
import { Fault } from '../../../shared/errors/policy.ts';
import { answeredNanoUsd, mayBeBilled } from './call-cost.ts';

const fault = new Fault('contract', 'missing_key', 'The answer leaves the row out.');

test('an answered call costs what its items do, the refused ones where their model bills them', () => {
  expect(
    answeredNanoUsd([
      { kind: 'ok', result: 1, costNanoUsd: 5 },
      { kind: 'rejected', fault },
      { kind: 'rejected', fault, costNanoUsd: 7 },
    ]),
  ).toBe(12);
  expect(answeredNanoUsd([])).toBe(0);
});

test.each<[string, Fault, boolean]>([
  ['a function that failed', new Fault('rejected_batch', 'FunctionError', '', { httpStatus: 200 }), true],
  ['an answer that nobody understands', fault, true],
  ['a time-out', new Fault('unavailable', 'deadline', ''), true],
  ['a connection that broke', new Fault('unavailable', 'ECONNRESET', ''), true],
  ['a connection that never was', new Fault('unavailable', 'ECONNREFUSED', ''), false],
  ['a refusal', new Fault('rejected_batch', 'ModelError_400', '', { httpStatus: 424 }), false],
  ['a batch that was not sent', new Fault('rejected_batch', 'oversize', ''), false],
  ['a quota', new Fault('throttled', 'TooManyRequestsException', '', { httpStatus: 429 }), false],
])('what a call that ended with %s may cost', (_what, error, isBilled) => {
  expect(mayBeBilled(error)).toBe(isBilled);
});
