// The demo's traffic against a real database: one connection, small commits, at the set rate until told to stop.
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { commit } from './commit.ts';
import { connectPatiently } from './connection.ts';
import { Pace } from './pacing.ts';
import { type DemoReport, EMPTY_REPORT, withCommit } from './report.ts';
import { RowIds } from './row-ids.ts';
import { DEFAULT_SEED } from './tables.ts';
import { Traffic } from './traffic.ts';

export const DEFAULT_ROWS_PER_SECOND = 50;
export const SCENARIOS = ['ordinary', 'card-testing'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface DemoSettings {
  /** As in DATABASE_URL. */
  readonly url: string;
  readonly rowsPerSecond?: number;
  readonly seed?: number;
  readonly scenario?: Scenario;
  /** Ends by itself after about this many operations; without it, when `signal` aborts. */
  readonly operationsMax?: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly now?: () => Date;
  /** Called at most once a second, and at the end. */
  readonly onReport?: (report: DemoReport) => void;
}

const REPORT_EVERY_MS = 1_000;
/** Every few seconds is what one watches; otherwise often enough to meet one soon. */
const SECONDS_BETWEEN_ATTACKS: Readonly<Record<Scenario, number>> = { ordinary: 45, 'card-testing': 5 };

/** Resolves with the final count when `signal` aborts; rejects when the tables are not there or not ours. */
export async function runDemo(settings: DemoSettings): Promise<DemoReport> {
  const { signal, logger, onReport } = settings;
  const rowsPerSecond = settings.rowsPerSecond ?? DEFAULT_ROWS_PER_SECOND;
  const seed = settings.seed ?? DEFAULT_SEED;
  const ids = new RowIds();
  let report = EMPTY_REPORT;
  let connection = await connectPatiently(settings.url, logger, signal);
  if (connection === undefined) return report;
  try {
    for (const { email, id } of connection.customers) ids.customers.set(email, id);
    const traffic = new Traffic({
      seed,
      customers: connection.customers,
      nextCustomerNumber: connection.nextCustomerNumber,
      attackEveryRows: rowsPerSecond * SECONDS_BETWEEN_ATTACKS[settings.scenario ?? 'ordinary'],
      now: settings.now ?? (() => new Date()),
    });
    const startedAtMs = performance.now();
    let reportedAtMs = startedAtMs;
    const pace = new Pace({ rowsPerSecond, seed }, () => performance.now());
    while (connection !== undefined && !signal.aborted) {
      if (report.operationsTotal >= (settings.operationsMax ?? Number.POSITIVE_INFINITY)) break;
      const waitMs = pace.waitMs();
      if (waitMs >= 1 && !(await pause(waitMs, signal))) break;
      const unit = traffic.next();
      pace.add(unit.length);
      const outcome = await commit(connection.client, unit, ids);
      const nowMs = performance.now();
      report = withCommit(report, unit, outcome, nowMs - startedAtMs);
      if (nowMs - reportedAtMs >= REPORT_EVERY_MS) {
        reportedAtMs = nowMs;
        onReport?.(report);
      }
      if (outcome.kind === 'connection_lost') {
        logger.warn({ sqlstate: outcome.code }, 'the database connection broke: connecting again');
        await connection.client.end().catch(() => {});
        connection = await connectPatiently(settings.url, logger, signal);
      }
    }
  } finally {
    await connection?.client.end().catch(() => {});
  }
  onReport?.(report);
  logger.info(
    { rows: report.rows, commits: report.commits, elapsed_ms: Math.round(report.elapsedMs) },
    'demo traffic ended',
  );
  return report;
}
