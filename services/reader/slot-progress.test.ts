import { describe, expect, test } from 'vitest';
import { SlotProgress } from './slot-progress.ts';

type Step = ['begin'] | ['commit', bigint] | ['published', bigint] | ['keepalive', bigint];

describe('the slot is acknowledged', () => {
  for (const [name, steps, safe] of [
    ['not at all before anything is safe', [['begin'], ['commit', 20n]], 10n],
    ['to the end of a published commit', [['begin'], ['commit', 20n], ['published', 20n]], 20n],
    [
      'not past an older commit that is still on its way',
      [['begin'], ['commit', 20n], ['begin'], ['commit', 30n], ['published', 30n]],
      10n,
    ],
    [
      'to the newest once the older one is safe too',
      [['begin'], ['commit', 20n], ['begin'], ['commit', 30n], ['published', 30n], ['published', 20n]],
      30n,
    ],
    ['by a keepalive when nothing is on its way', [['keepalive', 40n]], 40n],
    ['by no keepalive inside a transaction', [['begin'], ['keepalive', 40n]], 10n],
    ['by no keepalive while a commit is on its way', [['begin'], ['commit', 20n], ['keepalive', 40n]], 10n],
    [
      'never backwards',
      [
        ['keepalive', 40n],
        ['keepalive', 30n],
      ],
      40n,
    ],
  ] as [string, Step[], bigint][]) {
    test(name, () => {
      const progress = new SlotProgress(10n);
      for (const [kind, lsn] of steps) {
        if (kind === 'begin') progress.begin();
        else if (kind === 'published') progress.published(lsn, true);
        else progress[kind](lsn);
      }
      expect(progress.safe).toBe(safe);
    });
  }

  test('progress of the log alone is told from rows of ours', () => {
    const progress = new SlotProgress(10n);
    progress.keepalive(40n);
    expect(progress.hasPublishedAfter(10n)).toBe(false);
    progress.begin();
    progress.commit(50n);
    progress.published(50n, true);
    expect(progress.hasPublishedAfter(40n)).toBe(true);
    expect(progress.hasPublishedAfter(50n)).toBe(false);
  });
});
