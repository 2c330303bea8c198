import { expect, test } from 'vitest';
import { viewOf } from './collector.ts';
import { statusJson, statusLine } from './plain-lines.ts';
import type { Snapshot } from './snapshot.ts';

const SNAPSHOT: Snapshot = {
  elapsedMs: 12_345,
  parts: [{ title: 'PostgreSQL 18', owner: 'embedded', address: '127.0.0.1:55432' }],
  services: [
    { name: 'enricher fraud', state: 'not ready', detail: 'model: unavailable', port: 40_102, restarts: 1 },
    { name: 'writer', state: 'ready', detail: undefined, port: 40_103, restarts: 0 },
  ],
  rates: { inPerSecond: 1_234.4, scoredPerSecond: 9.81, writtenPerSecond: 0 },
  latency: { p50Ms: 4.234, p99Ms: 1_180, windowMs: 10_000 },
  lag: { slotBytes: 123_456, rows: 12 },
  flagged: { columns: [{ head: 'id', width: 8, align: 'right' }], rows: [['7']] },
  reviews: undefined,
  notice: undefined,
  isDemo: true,
};

test('a line holds every pair, without spaces inside', () => {
  expect(statusLine(SNAPSHOT)).toBe(
    'up=12s in=1234/s scored=9.8/s written=0/s p50=4.2ms p99=1180.0ms waiting=12 slot_bytes=123456 enricher_fraud=not_ready writer=ready',
  );
});

test('what is not known yet is a dash, so that columns stay where they are', () => {
  const starting: Snapshot = { ...SNAPSHOT, rates: undefined, latency: undefined, lag: undefined };
  expect(statusLine(starting)).toBe(
    'up=12s in=- scored=- written=- p50=- p99=- waiting=- slot_bytes=- enricher_fraud=not_ready writer=ready',
  );
});

test('the same as JSON', () => {
  expect(statusJson(SNAPSHOT)).toMatchObject({
    event: 'status',
    rows_in_per_second: 1_234.4,
    commit_to_written_ms: { p50: 4.23, p99: 1_180, window_ms: 10_000 },
    services: [{ name: 'enricher fraud', state: 'not_ready', detail: 'model: unavailable', restarts: 1 }, {}],
    flagged: [{ id: '7' }],
    reviews: [],
  });
  const reviews = { columns: [{ head: 'in', width: 5, align: 'left' }], rows: [['de']] } as const;
  expect(statusJson({ ...SNAPSHOT, reviews })).toMatchObject({ reviews: [{ in: 'de' }] });
});

const RUNNING = {
  name: 'writer',
  port: 1,
  restarts: 0,
  lastEnd: undefined,
  condition: 'running',
  isObserved: true,
} as const;
const answer = (isReady: boolean, missing: Record<string, string> = {}) => ({
  isReady,
  missing,
  samples: [],
});

test.each([
  ['it has not told its port', { ...RUNNING, port: undefined }, undefined, 'starting', undefined],
  ['it waits for its parts', RUNNING, answer(false, { group: 'starting' }), 'starting', undefined],
  [
    'it lost one',
    RUNNING,
    answer(false, { group: 'rebalancing', database: 'starting' }),
    'not ready',
    'group: rebalancing; database: starting',
  ],
  ['it hangs', RUNNING, undefined, 'not ready', 'does not answer'],
  ['it is fine', RUNNING, answer(true), 'ready', undefined],
  ['it is between two lives', { ...RUNNING, condition: 'restarting' }, undefined, 'restarting', undefined],
  [
    'it ended too often',
    { ...RUNNING, condition: 'given up', lastEnd: 'ended with status 2' },
    undefined,
    'stopped',
    'ended with status 2',
  ],
] as const)('the state of a service when %s', (_name, service, reading, state, detail) => {
  expect(viewOf(service, reading)).toMatchObject({ state, detail });
});
