// From what the services count to what a person wants to know: pure, time comes in with the readings.
import { METRIC } from '../../../shared/telemetry/metrics.ts';
import {
  between,
  countOf,
  type Histogram,
  histogramOf,
  type MetricSample,
  percentile,
  sumOf,
} from './metrics-text.ts';
import type { LatencyView, RatesView } from './snapshot.ts';

/** All services at one moment; a service that did not answer is missing. */
export interface Reading {
  readonly atMs: number;
  readonly counters: Counters;
  readonly commitToWritten: Histogram;
}

export interface Counters {
  readonly rowsIn: number | undefined;
  readonly scored: number | undefined;
  readonly written: number | undefined;
}

export interface Totals {
  readonly rowsIn: number;
  readonly scored: number;
  readonly written: number;
}

const NAMES = ['rowsIn', 'scored', 'written'] as const satisfies (keyof Totals)[];
const NONE: Totals = { rowsIn: 0, scored: 0, written: 0 };

export const LATENCY_WINDOW_MS = 10_000;
const RATE_WINDOW_MS = 3_000;

export function toReading(atMs: number, services: readonly (readonly MetricSample[])[]): Reading {
  const samples = services.flat();
  return {
    atMs,
    counters: {
      rowsIn: sumOf(samples, METRIC.reader.events),
      scored: sumOf(samples, METRIC.enricher.outcomes, { status: 'scored' }),
      written: sumOf(samples, METRIC.writer.applied),
    },
    commitToWritten: histogramOf(samples, METRIC.writer.commitToWritten),
  };
}

/** Remembers the readings of the last seconds, and what was counted over restarts of the services. */
export class Figures {
  #readings: readonly Reading[] = [];
  #totals: Totals = NONE;
  #last: Totals = NONE;
  #ended: Histogram = [];
  #latest: Histogram = [];
  #before: Histogram = [];
  #isPastBacklog = false;
  #atBacklogEnd: Reading | undefined;

  add(reading: Reading): void {
    for (const name of NAMES) {
      const value = reading.counters[name];
      if (value === undefined) continue;
      // Lower than before: the service started again and counts from zero.
      const grown = value >= this.#last[name] ? value - this.#last[name] : value;
      this.#totals = { ...this.#totals, [name]: this.#totals[name] + grown };
      this.#last = { ...this.#last, [name]: value };
    }
    const isRestarted = countOf(reading.commitToWritten) < countOf(this.#latest);
    if (reading.commitToWritten.length > 0) {
      if (isRestarted) this.#ended = sum(this.#ended, this.#latest);
      this.#latest = reading.commitToWritten;
    }
    const oldestMs = reading.atMs - LATENCY_WINDOW_MS - 1_000;
    this.#readings = [
      ...this.#readings.filter(({ atMs }) => atMs >= oldestMs),
      { ...reading, counters: this.#totals },
    ];
  }

  /** Since the beginning. */
  get totals(): Totals {
    return this.#totals;
  }

  /** What was waiting at the start is worked off: its waiting is not the latency of a row. */
  passBacklog(): void {
    if (this.#isPastBacklog || this.#totals.written === 0) return;
    this.#isPastBacklog = true;
    this.#before = sum(this.#ended, this.#latest);
    this.#atBacklogEnd = this.#readings.at(-1);
  }

  /** Since the beginning, without the backlog of the start. Undefined: nothing was written. */
  get latencyInAll(): LatencyView | undefined {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    const durationMs = (last?.atMs ?? 0) - (first?.atMs ?? 0);
    const all = sum(this.#ended, this.#latest);
    return latencyOf(between(this.#before, all), durationMs) ?? latencyOf(all, durationMs);
  }

  get latency(): LatencyView | undefined {
    const last = this.#readings.at(-1);
    const windowBegin = this.#readingBefore(LATENCY_WINDOW_MS);
    if (windowBegin === undefined || last === undefined) return undefined;
    const backlogEnd = this.#atBacklogEnd;
    const first = backlogEnd !== undefined && backlogEnd.atMs > windowBegin.atMs ? backlogEnd : windowBegin;
    return latencyOf(between(first.commitToWritten, last.commitToWritten), LATENCY_WINDOW_MS);
  }

  get rates(): RatesView | undefined {
    const last = this.#readings.at(-1);
    const first = this.#readingBefore(RATE_WINDOW_MS);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    const perSecond = (name: keyof Totals): number =>
      (1_000 * ((last.counters[name] ?? 0) - (first.counters[name] ?? 0))) / (last.atMs - first.atMs);
    return {
      inPerSecond: perSecond('rowsIn'),
      scoredPerSecond: perSecond('scored'),
      writtenPerSecond: perSecond('written'),
    };
  }

  /** The newest reading that is at least this old, else the oldest there is. */
  #readingBefore(ageMs: number): Reading | undefined {
    const last = this.#readings.at(-1);
    if (last === undefined || this.#readings.length < 2) return undefined;
    return this.#readings.findLast(({ atMs }) => atMs <= last.atMs - ageMs) ?? this.#readings[0];
  }
}

function latencyOf(histogram: Histogram, windowMs: number): LatencyView | undefined {
  const p50 = percentile(histogram, 0.5);
  const p99 = percentile(histogram, 0.99);
  if (p50 === undefined || p99 === undefined) return undefined;
  return { p50Ms: 1_000 * p50, p99Ms: 1_000 * p99, windowMs };
}

function sum(left: Histogram, right: Histogram): Histogram {
  if (left.length === 0) return right;
  const counts = new Map(left);
  return right.map(([bound, count]) => [bound, count + (counts.get(bound) ?? 0)]);
}
