import { expect, test } from 'vitest';
import { Membership } from './membership.ts';

test('a group is joined again cleanly after a rebalance and as another member, not in the middle of a fetch', () => {
  const membership = new Membership();
  expect(membership.joined('first')).toBe(true);
  membership.stopped();
  expect(membership.joined('first')).toBe(true);
  expect(membership.joined('second')).toBe(true);
  expect(membership.joined('second')).toBe(false);
  membership.stopped();
  expect(membership.joined('second')).toBe(true);
});
