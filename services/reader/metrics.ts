import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { LATENCY_BUCKETS_SECONDS, METRIC } from '../../shared/telemetry/metrics.ts';
import { type GroupMetrics, groupMetrics } from './groups/metrics.ts';
import { type PartitionMetrics, partitionMetrics } from './partitions/metrics.ts';
import type { CommitMark } from './publisher.ts';
import { type RedoMetrics, redoMetrics } from './redo/metrics.ts';
import { type SlotMetrics, slotMetrics } from './slot-watch/metrics.ts';
import { type WindowMetrics, windowMetrics } from './windows/metrics.ts';

export interface ReaderMetrics {
  published(marks: readonly CommitMark[], records: number): void;
  acknowledged(lsn: bigint): void;
  buffered(bytes: number): void;
  /** Columns left out of rows that were too large for their topic. */
  omitted(columns: number): void;
  /** A heartbeat written at this time has come back. */
  heartbeat(writtenAtMs: number): void;
  readonly slot: SlotMetrics;
  readonly redo: RedoMetrics;
  readonly partitions: PartitionMetrics;
  readonly windows: WindowMetrics;
  readonly groups: GroupMetrics;
}

const MICROSECONDS_PER_SECOND = 1e6;

export function readerMetrics(registry: Registry): ReaderMetrics {
  const registers = [registry];
  const names = METRIC.reader;
  const transactions = new Counter({
    name: names.transactions,
    help: 'Transactions safe in Kafka.',
    registers,
  });
  const events = new Counter({
    name: names.events,
    help: 'Records confirmed by Kafka, tombstones included.',
    registers,
  });
  const flushes = new Counter({ name: names.flushes, help: 'Sends confirmed by Kafka.', registers });
  const buffered = new Gauge({ name: names.bufferedBytes, help: 'Bytes waiting for their send.', registers });
  const acknowledged = new Gauge({
    name: names.acknowledgedLsn,
    help: 'Log position up to which the slot was acknowledged.',
    registers,
  });
  const latency = new Histogram({
    name: names.commitToPublished,
    help: 'From the commit in PostgreSQL to the confirmation of its last event by Kafka.',
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const omitted = new Counter({
    name: names.omitted,
    help: 'Columns left out of rows that were too large for their topic.',
    registers,
  });
  const parked = new Counter({
    name: names.parked,
    help: 'Changes that could not be decoded, in dead.capture.',
    registers,
  });
  let heartbeatAtMs: number | undefined;
  const heartbeatAge = new Gauge({
    name: names.heartbeatAge,
    help: 'Age of the newest heartbeat that came back through the log.',
    registers,
    collect: () => {
      if (heartbeatAtMs !== undefined) heartbeatAge.set((Date.now() - heartbeatAtMs) / 1000);
    },
  });
  return {
    slot: slotMetrics(registry),
    redo: redoMetrics(registry),
    partitions: partitionMetrics(registry),
    windows: windowMetrics(registry),
    groups: groupMetrics(registry),
    published(marks, records) {
      transactions.inc(marks.length);
      for (const { counts } of marks)
        for (const count of counts) if (count.parked > 0) parked.inc(count.parked);
      events.inc(records);
      flushes.inc();
      const nowSeconds = Date.now() / 1000;
      for (const mark of marks)
        latency.observe(Math.max(0, nowSeconds - mark.committedAtUs / MICROSECONDS_PER_SECOND));
    },
    acknowledged: (lsn) => acknowledged.set(Number(lsn)),
    buffered: (bytes) => buffered.set(bytes),
    omitted: (columns) => omitted.inc(columns),
    heartbeat: (writtenAtMs) => {
      if (Number.isFinite(writtenAtMs)) heartbeatAtMs = writtenAtMs;
    },
  };
}
