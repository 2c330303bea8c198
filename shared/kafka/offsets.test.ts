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
