import { harmless } from '../../../shared/terminal/harmless.ts';
import { formatDuration } from '../duration.ts';
import { formatCount, formatRate } from '../view/numbers.ts';
import type { Painter } from '../view/paint.ts';
import { FINDINGS, type Finding, REASONS, type Reason } from './judge.ts';
import type { QueuedRows } from './queued.ts';

/** What came of one enrichment. */
export interface Audited {
  readonly enrichment: string;
  readonly source: string;
  readonly rows: number;
  readonly outdated: number;
  readonly waiting: number;
  /** Of those that wait: what redo jobs have still to reach. */
  readonly queued: readonly QueuedRows[];
  readonly wrong: readonly WrongRows[];
}

export interface WrongRows {
  readonly finding: Finding;
  readonly reason: Reason;
  readonly count: number;
  /** Some of them. */
  readonly keys: readonly Readonly<Record<string, string>>[];
}

export const countOf = ({ wrong }: Audited, finding: Finding): number =>
  wrong.filter((each) => each.finding === finding).reduce((sum, { count }) => sum + count, 0);

export const wrongRows = (audited: Audited): number =>
  FINDINGS.reduce((sum, finding) => sum + countOf(audited, finding), 0);

export function auditJson(audited: Audited, tookMs: number): Readonly<Record<string, unknown>> {
  const { enrichment, source, rows, waiting, queued, outdated } = audited;
  const counts = Object.fromEntries(FINDINGS.map((finding) => [finding, countOf(audited, finding)]));
  return {
    event: 'audited',
    enrichment,
    source,
    rows,
    ...counts,
    waiting,
    queued,
    outdated,
    took_ms: Math.round(tookMs),
  };
}

/** "fraud: 1,000 rows of transactions: 3 missing, 1 orphaned", then a line for each reason. */
export function auditLines(audited: Audited, paint: Painter): readonly string[] {
  const { enrichment, source, rows, waiting, queued, outdated, wrong } = audited;
  const counts: readonly (readonly [name: string, count: number])[] = [
    ...FINDINGS.map((finding) => [finding, countOf(audited, finding)] as const),
    ['waiting', waiting],
  ];
  const bad = counts.filter(([, count]) => count > 0).map(([name, count]) => `${formatCount(count)} ${name}`);
  const said = bad.length === 0 ? paint.good('nothing is wrong') : paint.bad(bad.join(', '));
  const older = outdated === 0 ? '' : `, ${formatCount(outdated)} outdated`;
  return [
    `${enrichment}: ${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'} of ${source}: ${said}${older}`,
    ...wrong.map((each) => `  ${each.finding}: ${REASONS[each.reason]}${keysText(each)}`),
    ...queued.map(
      (each) =>
        `  waiting: job ${each.job} (${each.state}) has ${formatCount(each.rows)} of them still to read`,
    ),
  ];
}

function keysText({ keys, count }: WrongRows): string {
  const shown = keys.map((key) =>
    harmless(
      Object.entries(key)
        .map(([name, value]) => `${name}=${value}`)
        .join(','),
    ),
  );
  if (keys.length === 0) return '';
  const more = count - keys.length;
  return `: ${shown.join(' ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

/** "fraud: 120,000 of about 1,000,000 rows, 25,000/s, 35 s left" */
export function progressLine(
  enrichment: string,
  rows: number,
  estimatedRows: number,
  tookMs: number,
): string {
  const perSecond = tookMs > 0 ? rows / (tookMs / 1_000) : 0;
  const parts = [
    `${enrichment}: ${formatCount(rows)} of about ${formatCount(Math.max(rows, Math.round(estimatedRows)))} rows`,
    `${formatRate(perSecond)}/s`,
  ];
  const left = estimatedRows - rows;
  if (perSecond > 0 && left > 0) parts.push(`${formatDuration((left / perSecond) * 1_000)} left`);
  return parts.join(', ');
}
