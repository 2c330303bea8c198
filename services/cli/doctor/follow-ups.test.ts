import { expect, test } from 'vitest';
import { checkFollowUps, type FollowUps } from './follow-ups.ts';

const gap = (state: FollowUps['gaps'][number]['state']): FollowUps['gaps'][number] => ({
  id: '3',
  reason: 'publication_changed',
  detail: 'Publication shop was altered.',
  state,
  jobs: ['7', '8'],
});
const sweep: FollowUps['sweeps'][number] = {
  table: 'public.payments',
  state: 'pending',
  job: null,
  enrichments: ['fraud'],
  gone: 0,
  age_seconds: 5,
};

test.each<[string, FollowUps, readonly string[]]>([
  ['nothing', { gaps: [gap('closed')], sweeps: [] }, []],
  ['an open gap', { gaps: [gap('open')], sweeps: [] }, ['failed']],
  ['a gap under repair', { gaps: [gap('repairing')], sweeps: [] }, ['ok']],
  ['a sweep that was just found', { gaps: [], sweeps: [sweep] }, ['ok']],
  ['one that waits for long', { gaps: [], sweeps: [{ ...sweep, age_seconds: 601 }] }, ['warning']],
  [
    'one that is at work for long',
    { gaps: [], sweeps: [{ ...sweep, state: 'running', job: '9', age_seconds: 9_000 }] },
    ['ok'],
  ],
])('%s is told as it is', (_name, facts, outcomes) => {
  expect(checkFollowUps(facts).map(({ outcome }) => outcome)).toEqual(outcomes);
});

test('an open gap names its fix', () => {
  expect(checkFollowUps({ gaps: [gap('open')], sweeps: [] })).toMatchObject([
    {
      message: 'Gap 3 is open (publication_changed): Publication shop was altered.',
      fix: 'npx afterglow gaps repair',
    },
  ]);
});
