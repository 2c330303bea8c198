import { expect, test } from 'vitest';
import { type OpenSweep, sweepText } from './sweeps.ts';

const sweep: OpenSweep = {
  table: 'public.payments',
  state: 'pending',
  job: null,
  enrichments: ['fraud', 'churn'],
  gone: 0,
  age_seconds: 5,
};

test('a sweep says what it waits for, and how far it is', () => {
  expect(sweepText(sweep)).toBe('waits until everything older is written for fraud, churn');
  expect(sweepText({ ...sweep, state: 'running', job: '7', gone: 1_204 })).toBe(
    'job 7 running, 1,204 results without a row deleted so far for fraud, churn',
  );
});
