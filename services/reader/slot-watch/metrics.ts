import { Gauge, type Registry } from 'prom-client';
import { METRIC } from '../../../shared/telemetry/metrics.ts';
import type { SlotHealth } from './slot-health.ts';
import { WAL_SAFETY_STATES } from './wal-safety.ts';

const WAL_STATUSES = ['reserved', 'extended', 'unreserved', 'lost'] as const;

export interface SlotMetrics {
  seen(health: SlotHealth): void;
  gaps(counts: Readonly<Record<'open' | 'repairing', number>>): void;
}

export function slotMetrics(registry: Registry): SlotMetrics {
  const names = METRIC.reader;
  const gauge = (name: string, help: string, ...labelNames: string[]): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const status = gauge(names.slotStatus, 'wal_status of the slot: 1 at the one it is in.', 'status');
  const safety = gauge(
    names.slotSafety,
    'How far the slot is from being lost: 1 at the state it is in.',
    'state',
  );
  const safe = gauge(names.slotSafeBytes, 'Bytes of log that may be written before the slot is lost.');
  const budget = gauge(names.slotBudgetBytes, 'max_slot_wal_keep_size; NaN: no limit.');
  const restartLag = gauge(names.slotRestartLag, 'Bytes of log that the server keeps for the slot.');
  const confirmedLag = gauge(names.slotConfirmedLag, 'Bytes of log that the reader has not confirmed.');
  const age = gauge(
    names.pinningAge,
    'Age of the open transaction that keeps confirmed log; 0: none does; absent: the reader may not see it.',
  );
  const pid = gauge(
    names.pinningPid,
    'Process of the open transaction that keeps confirmed log; 0: none does.',
  );
  const xid = gauge(
    names.pinningXid,
    'Number of the open transaction that keeps confirmed log; 0: none does.',
  );
  const gaps = gauge(names.gaps, 'Gaps that are not closed.', 'state');
  return {
    seen({ walStatus, safety: state, safeBytes, budgetBytes, restartLagBytes, confirmedLagBytes, pinning }) {
      for (const each of WAL_STATUSES) status.set({ status: each }, each === walStatus ? 1 : 0);
      for (const each of WAL_SAFETY_STATES) safety.set({ state: each }, each === state ? 1 : 0);
      safe.set(safeBytes ?? Number.NaN);
      budget.set(budgetBytes ?? Number.NaN);
      restartLag.set(restartLagBytes);
      confirmedLag.set(confirmedLagBytes);
      const ageSeconds = pinning === undefined ? 0 : pinning.ageSeconds;
      if (ageSeconds === undefined) age.remove();
      else age.set(ageSeconds);
      pid.set(pinning?.pid ?? 0);
      xid.set(Number(pinning?.transactionId ?? 0));
    },
    gaps(counts) {
      for (const [state, count] of Object.entries(counts)) gaps.set({ state }, count);
    },
  };
}
