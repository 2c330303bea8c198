import { expect, test } from 'vitest';
import { Fault } from '../../../shared/errors/policy.ts';
import { fixesOf } from './facts-of-tests.ts';
import { checkFunctions } from './functions.ts';

const facts = (fault?: Fault, qualifier?: string) => [
  { enrichment: 'risk', function: 'scores', qualifier, fault },
];
const absent = new Fault('set_up', 'ResourceNotFoundException', 'Function not found');

test.each([
  ['it can be called', 'real', facts(), []],
  [
    'it is not there',
    'real',
    facts(absent, 'live'),
    [
      'failed: There is no function scores:live, which risk calls. | aws lambda get-function --function-name scores:live  # its name, its alias, or the region is another',
    ],
  ],
  [
    'the stand-in has not been given it',
    'local',
    facts(absent),
    [
      'failed: There is no function scores, which risk calls. | npx afterglow aws-local --function scores=<module>  # and AFTERGLOW_AWS_LOCAL_URL where it answers',
    ],
  ],
  [
    'its permission is missing',
    'real',
    facts(new Fault('set_up', 'AccessDeniedException', 'no')),
    [
      'failed: Function scores of risk may not be called. | Allow lambda:InvokeFunction on function:scores for the role of the enricher.',
    ],
  ],
  [
    'nothing answers',
    'real',
    facts(new Fault('unavailable', 'deadline', 'no')),
    [
      'unreachable: Function scores of risk does not answer (deadline). | Check the route to AWS from here, or the VPC endpoint of Lambda.',
    ],
  ],
  [
    'something else is wrong with it',
    'real',
    facts(new Fault('set_up', 'SnapStartException', 'no')),
    [
      'failed: Function scores of risk does not answer (SnapStartException). | aws lambda get-function --function-name scores  # its state says why',
    ],
  ],
] as const)('a function: %s', (_what, mode, found, expected) => {
  expect(fixesOf(checkFunctions(found, mode))).toEqual(expected);
});

test('a function that can be called is told of', () => {
  expect(checkFunctions(facts(undefined, 'live'), 'real')).toMatchObject([
    { outcome: 'ok', message: 'function scores:live of risk may be called' },
  ]);
});
