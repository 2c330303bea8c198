// `status`: what was read, as one value for --json, and as lines.

import { harmless } from '../../shared/terminal/harmless.ts';
import { type LastAudit, lastAuditText, wrongOf } from './audit/last-audits.ts';
import { type SpendToday, spendText } from './cost/spend-today.ts';
import type { StackService } from './stack-services.ts';
import { type OpenSweep, sweepText } from './sweeps.ts';
import type { SlotReading, WaitingRedo } from './view/database-readings.ts';
import type { HopLag } from './view/kafka-readings.ts';
import { formatBytes, formatCount, formatLatency } from './view/numbers.ts';
import type { Painter } from './view/paint.ts';
import type { LatencyView, ServiceView } from './view/snapshot.ts';
import { cutTo, fitTo } from './view/width.ts';

export type Answer<Value> = { readonly value: Value } | { readonly error: string };

export interface StatusReadings {
  readonly services: readonly Pick<StackService, 'view' | 'log'>[];
  readonly since: string | undefined;
  readonly slot: Answer<SlotReading | undefined>;
  readonly redos: Answer<readonly WaitingRedo[]>;
  readonly sweeps: Answer<readonly OpenSweep[]>;
  readonly audits: Answer<readonly LastAudit[]>;
  readonly spend: Answer<readonly SpendToday[]>;
  readonly hops: Answer<readonly HopLag[]>;
  readonly latency: LatencyView | undefined;
}

/** Also the JSON form. */
export interface StatusReport {
  readonly is_fine: boolean;
  /** 0 fine, 1 something is not, 3 a part does not answer: as `doctor` says it. */
  readonly exit: 0 | 1 | 3;
  readonly since: string | null;
  readonly services: readonly {
    readonly name: string;
    readonly state: ServiceView['state'];
    readonly detail: string | null;
    readonly port: number | null;
    readonly log: string | null;
  }[];
  readonly hops: readonly HopLag[];
  readonly hops_error: string | null;
  readonly slot: {
    readonly active: boolean;
    readonly wal_status: string | null;
    readonly lag_bytes: number | null;
    readonly kept_bytes: number | null;
  } | null;
  readonly slot_error: string | null;
  /** Jobs that cannot go on; null: not known. */
  readonly redos_waiting: readonly WaitingRedo[] | null;
  /** Looks for results whose rows are gone; null: not known. */
  readonly sweeps: readonly OpenSweep[] | null;
  /** What the last audit of each enrichment found; null: not known. */
  readonly audits: readonly LastAudit[] | null;
  /** Of each enrichment and purse, today; null: not known. */
  readonly spend: readonly SpendToday[] | null;
  readonly commit_to_written_ms: { readonly p50: number; readonly p99: number } | null;
}

const SLOT_FINE = new Set(['reserved', 'extended']);

/** Pure. Fine: everything that was asked has answered, is ready, and holds its slot. */
export function statusReport({
  services,
  since,
  slot,
  redos,
  sweeps,
  audits,
  spend,
  hops,
  latency,
}: StatusReadings): StatusReport {
  const slotReading = 'value' in slot ? slot.value : undefined;
  const isAnswered = 'value' in slot && 'value' in hops;
  const isSlotFine = slotReading?.isActive === true && SLOT_FINE.has(slotReading.walStatus ?? '');
  const isLate = 'value' in hops && hops.value.some((hop) => hop.is_late);
  const isFine = isAnswered && isSlotFine && !isLate && services.every(({ view }) => view.state === 'ready');
  return {
    is_fine: isFine,
    exit: isFine ? 0 : isAnswered ? 1 : 3,
    since: since ?? null,
    services: services.map(({ view: { name, state, detail, port }, log }) => ({
      name,
      state,
      detail: detail ?? null,
      port: port ?? null,
      log: log ?? null,
    })),
    hops: 'value' in hops ? hops.value : [],
    hops_error: 'error' in hops ? hops.error : null,
    slot:
      slotReading === undefined
        ? null
        : {
            active: slotReading.isActive,
            wal_status: slotReading.walStatus ?? null,
            lag_bytes: slotReading.lagBytes ?? null,
            kept_bytes: slotReading.keptBytes ?? null,
          },
    slot_error: 'error' in slot ? slot.error : null,
    redos_waiting: 'value' in redos ? redos.value : null,
    sweeps: 'value' in sweeps ? sweeps.value : null,
    audits: 'value' in audits ? audits.value : null,
    spend: 'value' in spend ? spend.value : null,
    commit_to_written_ms:
      latency === undefined ? null : { p50: round(latency.p50Ms), p99: round(latency.p99Ms) },
  };
}

const round = (value: number): number => Number(value.toFixed(2));
const NAME_COLUMNS = 18;
const LATE = 'for longer than half of what Kafka keeps: what waits for all of it is lost';

export function statusLines(report: StatusReport, columns: number, paint: Painter): readonly string[] {
  const lines: string[] = [];
  for (const { name, state, detail, port, log } of report.services) {
    const color = state === 'ready' ? 'good' : state === 'stopped' ? 'bad' : 'warning';
    const facts = [port === null ? '' : `:${port}`, detail === null ? '' : harmless(detail)].filter(
      (fact) => fact !== '',
    );
    lines.push(
      `${fitTo(name, NAME_COLUMNS)} ${paint[color](fitTo(state, 11))} ${paint.faint(cutTo(facts.join('  '), columns - 32))}`,
    );
    // Never cut: half a path is none.
    if (state !== 'ready' && log !== null) lines.push(`${' '.repeat(NAME_COLUMNS)} log: ${log}`);
  }
  if (report.services.length === 0) lines.push(paint.faint('No services were started from this folder.'));
  lines.push('', slotLine(report, paint));
  for (const { hop, records, topic, is_late: isLate } of report.hops) {
    const waiting = fitTo(`${formatCount(records)} waiting`, 18);
    const where = isLate ? paint.bad(cutTo(LATE, columns - 38)) : paint.faint(cutTo(topic, columns - 38));
    lines.push(`${fitTo(hop, NAME_COLUMNS)} ${waiting} ${where}`);
  }
  if (report.hops_error !== null)
    lines.push(
      `${fitTo('lag', NAME_COLUMNS)} ${paint.bad(cutTo(harmless(report.hops_error), columns - 20))}`,
    );
  for (const { job, table, waits_for: what } of report.redos_waiting ?? []) {
    const line = harmless(`${table} waits for ${what}`);
    lines.push(`${fitTo(`redo job ${job}`, NAME_COLUMNS)} ${paint.warning(cutTo(line, columns - 20))}`);
  }
  for (const sweep of report.sweeps ?? []) {
    const line = harmless(`${sweep.table} ${sweepText(sweep)}`);
    lines.push(`${fitTo('sweep', NAME_COLUMNS)} ${cutTo(line, columns - 20)}`);
  }
  for (const audit of report.audits ?? []) {
    const color = wrongOf(audit) > 0 ? 'bad' : audit.waiting > 0 ? 'warning' : 'good';
    const line = cutTo(lastAuditText(audit), columns - 20);
    lines.push(`${fitTo(`audit ${audit.enrichment}`, NAME_COLUMNS)} ${paint[color](line)}`);
  }
  for (const [enrichment, spends] of Map.groupBy(report.spend ?? [], (spend) => spend.enrichment)) {
    const color = spends.some(({ over_budget: isOver }) => isOver) ? 'bad' : 'good';
    const line = cutTo(spendText(spends), columns - 20);
    lines.push(`${fitTo(`spend ${enrichment}`, NAME_COLUMNS)} ${paint[color](line)}`);
  }
  const times = report.commit_to_written_ms;
  const latency =
    times === null
      ? 'nothing written lately'
      : `p50 ${formatLatency(times.p50)}, p99 ${formatLatency(times.p99)}`;
  lines.push(`${fitTo('commit to written', NAME_COLUMNS)} ${latency}`);
  return lines.map((line) => line.trimEnd());
}

function slotLine({ slot, slot_error: error }: StatusReport, paint: Painter): string {
  const name = fitTo('replication slot', NAME_COLUMNS);
  if (error !== null) return `${name} ${paint.bad(harmless(error))}`;
  if (slot === null) return `${name} ${paint.warning('none yet: the reader makes it at its first start')}`;
  const state = slot.active ? paint.good('active') : paint.bad('not in use');
  const bytes = (value: number | null): string => (value === null ? '-' : formatBytes(value));
  return `${name} ${state}, ${slot.wal_status ?? 'unknown'}, ${bytes(slot.lag_bytes)} behind, ${bytes(slot.kept_bytes)} kept`;
}
