import type { CommitOutcome } from './commit.ts';
import type { OperationKind, UnitOfWork } from './operations.ts';

export interface DemoReport {
  readonly elapsedMs: number;
  readonly commits: number;
  /** Rows written, which is what the rate counts. */
  readonly rows: number;
  /** Statements tried, by what they do. */
  readonly operations: Readonly<Partial<Record<OperationKind, number>>>;
  readonly operationsTotal: number;
  /** Payments that belong to a card testing attack. */
  readonly attackAttempts: number;
  /** Commits that a rule of the database refused; nothing of them was written. */
  readonly refusedCommits: number;
  /** Commits whose answer was lost with the connection: written or not. */
  readonly uncertainCommits: number;
}

export const EMPTY_REPORT: DemoReport = {
  elapsedMs: 0,
  commits: 0,
  rows: 0,
  operations: {},
  operationsTotal: 0,
  attackAttempts: 0,
  refusedCommits: 0,
  uncertainCommits: 0,
};

export function withCommit(
  report: DemoReport,
  unit: UnitOfWork,
  outcome: CommitOutcome,
  elapsedMs: number,
): DemoReport {
  const operations = { ...report.operations };
  for (const { kind } of unit) operations[kind] = (operations[kind] ?? 0) + 1;
  const attempts = unit.filter((operation) => operation.kind === 'insert_transaction' && operation.attack);
  return {
    elapsedMs,
    commits: report.commits + (outcome.kind === 'committed' ? 1 : 0),
    rows: report.rows + (outcome.kind === 'committed' ? outcome.rows : 0),
    operations,
    operationsTotal: report.operationsTotal + unit.length,
    attackAttempts: report.attackAttempts + attempts.length,
    refusedCommits: report.refusedCommits + (outcome.kind === 'refused' ? 1 : 0),
    uncertainCommits: report.uncertainCommits + (outcome.kind === 'connection_lost' ? 1 : 0),
  };
}
