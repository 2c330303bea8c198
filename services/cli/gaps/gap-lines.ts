import { formatLsn } from '../../../shared/contracts/position.ts';
import type { Gap } from '../../../shared/side-tables/gaps.ts';

type Place = Gap['from'];
const placeJson = ({ epoch, lsn }: Place) => ({ epoch, lsn: formatLsn(lsn) });
const tableNames = (gap: Pick<Gap, 'tables'>): readonly string[] =>
  gap.tables.map(({ schema, name }) => `${schema}.${name}`);

/** With the names that the notices have. */
export function gapJson(gap: Gap): Readonly<Record<string, unknown>> {
  return {
    gap: gap.id,
    reason: gap.reason,
    detail: gap.detail,
    state: gap.state,
    halts: gap.halts,
    tables: tableNames(gap),
    from: placeJson(gap.from),
    to: gap.to === null ? null : placeJson(gap.to),
    found_at: gap.foundAt,
    repaired_at: gap.repairedAt,
    closed_at: gap.closedAt,
    jobs: gap.jobs,
    counts: gap.counts,
  };
}

export function gapLines(gap: Gap): readonly string[] {
  const { from, to, counts } = gap;
  const end =
    to === null
      ? 'not known yet'
      : `${formatLsn(to.lsn)}${to.epoch === from.epoch ? '' : ` of epoch ${to.epoch}`}`;
  const lines = [
    `Gap ${gap.id}, ${gap.state}: ${gap.reason}, found ${gap.foundAt}`,
    `  ${gap.detail}`,
    `  from ${formatLsn(from.lsn)} of epoch ${from.epoch} to ${end}; tables ${tableNames(gap).join(', ')}`,
  ];
  if (gap.state === 'repairing') lines.push(`  redo jobs ${gap.jobs.join(', ') || 'none'}`);
  if (counts !== null)
    lines.push(`  ${counts.rows ?? 0} rows read again, ${counts.deleted ?? 0} found deleted`);
  return lines;
}
