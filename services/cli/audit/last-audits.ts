// What the last audit of each enrichment found: `audit` writes it down, `status` and `doctor` show it.
import { AUDITS } from '../../../shared/side-tables/names.ts';
import { formatDuration } from '../duration.ts';
import { formatCount } from '../view/numbers.ts';

/** Also the JSON form. */
export interface LastAudit {
  readonly enrichment: string;
  readonly ended_at: string;
  readonly age_seconds: number;
  /** Only rows that transactions of this long wrote; null: every row. */
  readonly since_seconds: number | null;
  readonly rows: number;
  readonly missing: number;
  readonly stale: number;
  readonly orphaned: number;
  readonly waiting: number;
  readonly outdated: number;
}

/** Whether there is anything to be asked. */
export const AUDITS_ARE_KEPT = `select to_regclass('${AUDITS}') is not null as kept`;

/** One cell of JSON, for the names of enrichments. To be asked only where the table is. */
export const LAST_AUDITS = `
  select coalesce(json_agg(json_build_object(
           'enrichment', enrichment, 'ended_at', to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'age_seconds', greatest(0, extract(epoch from now() - ended_at)::int8), 'since_seconds', since_seconds, 'rows', rows,
           'missing', missing, 'stale', stale, 'orphaned', orphaned, 'waiting', waiting, 'outdated', outdated)
         order by enrichment), '[]')::text as audits
    from ${AUDITS} where enrichment = any($1::text[])`;

export const toLastAudits = (json: string): readonly LastAudit[] => JSON.parse(json) as LastAudit[];

export const wrongOf = ({ missing, stale, orphaned }: LastAudit): number => missing + stale + orphaned;

/** "3 missing, 1 orphaned of 1,000 rows, 12 min 0 s ago" */
export function lastAuditText(audit: LastAudit): string {
  const { rows, since_seconds: since, age_seconds: age } = audit;
  const counts = (['missing', 'stale', 'orphaned', 'waiting'] as const)
    .filter((name) => audit[name] > 0)
    .map((name) => `${formatCount(audit[name])} ${name}`);
  const found = counts.length === 0 ? 'nothing wrong' : counts.join(', ');
  const young = since === null ? '' : ` written within ${formatDuration(since * 1_000)}`;
  return `${found} of ${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}${young}, ${formatDuration(age * 1_000)} ago`;
}
