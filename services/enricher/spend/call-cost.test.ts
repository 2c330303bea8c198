import { expect, test } from 'vitest';
import { Fault } from '../../../shared/errors/policy.ts';
import { answeredNanoUsd, mayBeBilled } from './call-cost.ts';

test('an answered call costs what its answers do', () => {
  const fault = new Fault('rejected_item', 'bad', 'refused');
  const ok = { kind: 'ok', result: 1, costNanoUsd: 300 } as const;
  expect(answeredNanoUsd([ok, { kind: 'rejected', fault }, ok])).toBe(600);
});

test.each<[string, Fault, boolean]>([
  ['throttled', new Fault('throttled', 'ThrottlingException', '', { httpStatus: 429 }), false],
  ['refused', new Fault('rejected_batch', 'ValidationException', '', { httpStatus: 400 }), false],
  [
    'a service that failed',
    new Fault('unavailable', 'InternalServerException', '', { httpStatus: 500 }),
    false,
  ],
  ['nobody there', new Fault('unavailable', 'ECONNREFUSED', ''), false],
  ['refused before it was sent', new Fault('rejected_batch', 'oversize', ''), false],
  ['no credentials', new Fault('set_up', 'CredentialsProviderError', ''), false],
  [
    'a model that took too long',
    new Fault('unavailable', 'ModelTimeoutException', '', { httpStatus: 408 }),
    true,
  ],
  ['a gateway that waited no more', new Fault('unavailable', 'Unknown', '', { httpStatus: 504 }), true],
  ['no answer in time', new Fault('unavailable', 'deadline', ''), true],
  ['a connection that broke', new Fault('unavailable', 'ECONNRESET', ''), true],
  ['an answer that fits nothing', new Fault('contract', 'row_count', ''), true],
  ['an answer that was cut', new Fault('contract', 'SyntaxError', '', { httpStatus: 200 }), true],
  [
    'a function that failed and ran',
    new Fault('rejected_batch', 'FunctionError', '', { httpStatus: 200 }),
    true,
  ],
  ['what nobody named', new Fault('unknown', 'Error', ''), true],
])('may it have been billed: %s', (_what, fault, isBilled) => {
  expect(mayBeBilled(fault)).toBe(isBilled);
});
