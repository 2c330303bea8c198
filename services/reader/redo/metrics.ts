import { Counter, Gauge, type Registry } from 'prom-client';
import type { RedoReason } from '../../../shared/contracts/events.ts';
import {
  type JobCount,
  REDO_STATES,
  type RedoJob,
  secondsLeft,
} from '../../../shared/side-tables/redo-jobs.ts';
import { METRIC } from '../../../shared/telemetry/metrics.ts';

/** Rows of a chunk that Kafka has confirmed: read, and of those not published and published as deleted. */
export interface ConfirmedRows {
  readonly rows: number;
  readonly superseded: number;
  readonly gone: number;
}

export interface RedoMetrics {
  confirmed(reason: RedoReason, chunk: ConfirmedRows): void;
  /** The chunk was worth nothing and is read again. */
  again(reason: RedoReason): void;
  /** Whether jobs wait only because the log that is kept for the slot runs short. */
  held(isHeld: boolean): void;
  jobs(counts: readonly JobCount[], open: readonly RedoJob[]): void;
}

export function redoMetrics(registry: Registry): RedoMetrics {
  const registers = [registry];
  const names = METRIC.reader;
  const rows = new Counter({
    name: names.redoRows,
    help: 'Rows read again: published, gone (published as deleted) or superseded (the stream has something newer).',
    labelNames: ['reason', 'outcome'],
    registers,
  });
  const chunks = new Counter({
    name: names.redoChunks,
    help: 'Chunks of redo jobs: confirmed by Kafka, or to be read again.',
    labelNames: ['reason', 'outcome'],
    registers,
  });
  const jobs = new Gauge({
    name: names.redoJobs,
    help: 'Redo jobs by reason and state.',
    labelNames: ['reason', 'state'],
    registers,
  });
  const left = new Gauge({
    name: names.redoSecondsLeft,
    help: 'How long the jobs that wait or run will take at their speed; NaN: one of them has not shown its speed yet.',
    labelNames: ['reason'],
    registers,
  });
  const held = new Gauge({
    name: names.redoHeld,
    help: '1 while jobs wait only because the log that is kept for the slot runs short.',
    registers,
  });
  return {
    confirmed(reason, { rows: read, superseded, gone }) {
      const outcomes = { published: read - superseded - gone, superseded, gone };
      for (const [outcome, count] of Object.entries(outcomes)) rows.inc({ reason, outcome }, count);
      chunks.inc({ reason, outcome: 'confirmed' });
    },
    again: (reason) => chunks.inc({ reason, outcome: 'again' }),
    held: (isHeld) => held.set(isHeld ? 1 : 0),
    jobs(counts, open) {
      jobs.reset();
      for (const reason of new Set(counts.map((count) => count.reason))) {
        for (const state of REDO_STATES) jobs.set({ reason, state }, 0);
      }
      for (const { reason, state, jobs: count } of counts) jobs.set({ reason, state }, count);
      left.reset();
      for (const [reason, seconds] of secondsLeftByReason(open)) left.set({ reason }, seconds);
    },
  };
}

/** Jobs take turns, so what they have left adds up. NaN where one of them cannot tell. */
export function secondsLeftByReason(open: readonly RedoJob[]): ReadonlyMap<RedoReason, number> {
  const sums = new Map<RedoReason, number>();
  for (const job of open) {
    sums.set(job.reason, (sums.get(job.reason) ?? 0) + (secondsLeft(job) ?? Number.NaN));
  }
  return sums;
}
