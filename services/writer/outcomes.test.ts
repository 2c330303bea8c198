import { expect, test } from 'vitest';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { readOutcomes } from './outcomes.ts';

const NOW_MS = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
const record = (value: string | null, timestampMs = NOW_MS): FetchedRecord =>
  ({ value: value === null ? null : Buffer.from(value), timestampMs }) as FetchedRecord;

test('only a tombstone that may have outlived its deletion says anything', () => {
  const young = record(null, NOW_MS - DAY_MS);
  const old = record(null, NOW_MS - 8 * DAY_MS);
  expect(readOutcomes([young, old], NOW_MS)).toEqual({ arrivals: [], unreadable: [], tombstones: [old] });
});

test('what is no outcome is set aside, whatever it is', () => {
  const others = ['', 'null', '[]', '{"status":"scored"}', '\u0000'].map((text) => record(text));
  expect(readOutcomes(others, NOW_MS).unreadable).toEqual(others);
});
