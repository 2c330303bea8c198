import { Counter, Histogram as PromHistogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { LATENCY_BUCKETS_SECONDS } from '../../../shared/telemetry/metrics.ts';
import {
  between,
  countOf,
  type Histogram,
  histogramOf,
  parseMetrics,
  percentile,
  sumOf,
} from './metrics-text.ts';

const HISTOGRAM: Histogram = [
  [0.01, 50],
  [0.1, 90],
  [1, 99],
  [Number.POSITIVE_INFINITY, 100],
];

test.each([
  [0.25, 0.005],
  [0.5, 0.01],
  [0.7, 0.055],
  [0.99, 1],
  [1, 1],
])('the %s quantile lies inside its bucket', (share, expected) => {
  expect(percentile(HISTOGRAM, share)).toBeCloseTo(expected, 10);
});

test('nothing observed has no percentile', () => {
  expect(percentile([], 0.5)).toBeUndefined();
  expect(
    percentile(
      [
        [1, 0],
        [Number.POSITIVE_INFINITY, 0],
      ],
      0.5,
    ),
  ).toBeUndefined();
});

test('between two readings only the new observations count', () => {
  const later = HISTOGRAM.map(([bound, count]) => [bound, count + 10] as const);
  expect(countOf(between(HISTOGRAM, later))).toBe(10);
  expect(percentile(between(HISTOGRAM, later), 0.5)).toBeCloseTo(0.005, 10);
});

test('a process that started again counts from zero instead of below it', () => {
  const restarted: Histogram = [
    [0.01, 3],
    [0.1, 3],
    [1, 3],
    [Number.POSITIVE_INFINITY, 3],
  ];
  expect(between(HISTOGRAM, restarted)).toEqual(restarted);
});

test('what prom-client writes is read back, and a percentile is off by at most an eighth', async () => {
  const registry = new Registry();
  const seconds = new PromHistogram({
    name: 'latency_seconds',
    help: 'h',
    labelNames: ['enrichment'],
    buckets: LATENCY_BUCKETS_SECONDS,
    registers: [registry],
  });
  const outcomes = new Counter({
    name: 'outcomes_total',
    help: 'h',
    labelNames: ['enrichment', 'status'],
    registers: [registry],
  });
  for (let index = 1; index <= 1_000; index += 1) {
    seconds.observe({ enrichment: index % 2 === 0 ? 'fraud' : 'say "hi"' }, index / 1_000);
  }
  outcomes.inc({ enrichment: 'fraud', status: 'scored' }, 7);
  outcomes.inc({ enrichment: 'fraud', status: 'skipped' }, 2);
  const samples = parseMetrics(await registry.metrics());
  const histogram = histogramOf(samples, 'latency_seconds');
  expect(countOf(histogram)).toBe(1_000);
  expect(Math.abs((percentile(histogram, 0.5) ?? 0) - 0.5)).toBeLessThan(0.5 / 8);
  expect(Math.abs((percentile(histogram, 0.99) ?? 0) - 0.99)).toBeLessThan(0.99 / 8);
  expect(sumOf(samples, 'outcomes_total')).toBe(9);
  expect(sumOf(samples, 'outcomes_total', { status: 'scored' })).toBe(7);
  expect(sumOf(samples, 'outcomes_total', { enrichment: 'say "hi"' })).toBeUndefined();
  expect(sumOf(samples, 'missing_total')).toBeUndefined();
});
