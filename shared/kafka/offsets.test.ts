import { describe, expect, test } from 'vitest';
import { OffsetTracker, type RecordPlace } from './offsets.ts';

const record = (offset: bigint, assignment: { current: boolean }, partition = 0): RecordPlace => ({
  topic: 'topic',
  partition,
  offset,
  assignment,
});

describe('the offset tracker', () => {
  test('commits only behind records that are all finished, per partition', () => {
    const assignment = { current: true };
    const tracker = new OffsetTracker();
    for (const offset of [5n, 6n, 9n]) tracker.start(record(offset, assignment));
    tracker.start(record(1n, assignment, 1));
    tracker.finish([record(6n, assignment), record(1n, assignment, 1)]);
    expect(tracker.movable()).toEqual([{ topic: 'topic', partition: 1, offset: '2' }]);
    tracker.finish([record(5n, assignment)]);
    expect(tracker.movable()).toContainEqual({ topic: 'topic', partition: 0, offset: '7' });
  });

  test('offers an offset again until Kafka has it, then no more', () => {
    const assignment = { current: true };
    const tracker = new OffsetTracker();
    tracker.start(record(3n, assignment));
    tracker.finish([record(3n, assignment)]);
    const moved = tracker.movable();
    expect(tracker.movable()).toEqual(moved);
    tracker.committed(moved);
    expect(tracker.movable()).toEqual([]);
  });

  test('forgets everything of an ended membership: its late finishes move nothing', () => {
    const before = { current: true };
    const after = { current: true };
    const tracker = new OffsetTracker();
    tracker.start(record(7n, before));
    before.current = false;
    expect(tracker.movable()).toEqual([]);
    tracker.start(record(7n, after));
    tracker.finish([record(7n, before)]);
    expect(tracker.movable()).toEqual([]);
    tracker.finish([record(7n, after)]);
    expect(tracker.movable()).toEqual([{ topic: 'topic', partition: 0, offset: '8' }]);
  });

  test('starts a record that is fetched twice only once', () => {
    const assignment = { current: true };
    const tracker = new OffsetTracker();
    expect(tracker.start(record(2n, assignment))).toBe(true);
    expect(tracker.start(record(2n, assignment))).toBe(false);
  });

  describe('finds that Kafka has lost the end of a partition', () => {
    const appended = (leaderEpoch: number, timestampMs: number) => ({ leaderEpoch, timestampMs });
    const taken = () => {
      const assignment = { current: true };
      const tracker = new OffsetTracker();
      for (const offset of [5n, 6n, 7n, 8n]) {
        tracker.start(record(offset, assignment), appended(2, 1_000 + Number(offset)));
      }
      tracker.finish([5n, 6n, 7n, 8n].map((offset) => record(offset, assignment)));
      tracker.committed(tracker.movable());
      return { tracker, assignment };
    };

    test.each([
      ['a record that is fetched once more', 6n, 2, 1_006, false],
      ['one of before the membership', 1n, 1, 900, false],
      ['the next one, of another leader', 9n, 3, 2_000, false],
      ['one with an offset that was taken, of a later leader', 7n, 3, 1_003, true],
      ['one with an offset that was taken, and younger', 7n, 2, 2_000, true],
    ])('or not: %s', (_name, offset, leaderEpoch, timestampMs, expected) => {
      const { tracker, assignment } = taken();
      expect(tracker.hasLostEnd(record(offset, assignment), appended(leaderEpoch, timestampMs))).toBe(
        expected,
      );
    });

    test.each([0n, 7n])('and goes back to where it begins anew, once: offset %s', (offset) => {
      const { tracker, assignment } = taken();
      expect(tracker.hasLostEnd(record(offset, assignment), appended(3, 2_000))).toBe(true);
      const back = [{ topic: 'topic', partition: 0, offset: String(offset) }];
      expect(tracker.movable()).toEqual(back);
      tracker.committed(back);
      expect(tracker.movable()).toEqual([]);
    });
  });

  test('tells where a partition would begin again, and of one that is safe throughout nothing', () => {
    const assignment = { current: true };
    const tracker = new OffsetTracker();
    for (const offset of [5n, 6n, 9n]) tracker.start(record(offset, assignment));
    tracker.start(record(1n, assignment, 1));
    expect(tracker.uncommitted()).toEqual([
      { topic: 'topic', partition: 0, first: 5n },
      { topic: 'topic', partition: 1, first: 1n },
    ]);
    tracker.finish([record(5n, assignment), record(9n, assignment), record(1n, assignment, 1)]);
    expect(tracker.uncommitted()).toEqual([{ topic: 'topic', partition: 0, first: 6n }]);
  });
});
