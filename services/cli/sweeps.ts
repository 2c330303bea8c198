// Looks for results whose rows are gone, as far as they have come: what `status` and `doctor` show of them.
import { PARTITION_CHANGES, REDO_JOBS } from '../../shared/side-tables/names.ts';
import { formatCount } from './view/numbers.ts';

/** Also the JSON form. */
export interface OpenSweep {
  /** 'schema.table'. */
  readonly table: string;
  /** pending: everything older is to be written first. Otherwise that of its job. */
  readonly state: 'pending' | 'waiting' | 'running' | 'paused';
  readonly job: string | null;
  readonly enrichments: readonly string[];
  /** Results deleted so far. */
  readonly gone: number;
  readonly age_seconds: number;
}

/** One cell of JSON, the oldest first. To be asked only where both tables are. */
export const OPEN_SWEEPS = `
  select coalesce(json_agg(json_build_object('table', found.name, 'state', found.state, 'job', found.job, 'enrichments', found.enrichments,
                                             'gone', found.gone, 'age_seconds', extract(epoch from now() - found.since)::int8)
                           order by found.since), '[]')::text as sweeps
    from (select table_schema || '.' || table_name as name, 'pending' as state, null as job, to_sweep as enrichments, 0 as gone,
                 found_at as since
            from ${PARTITION_CHANGES} where to_sweep <> '{}'
          union all
          select table_schema || '.' || table_name, state, job::text, enrichments, rows_gone, created_at
            from ${REDO_JOBS} where sweep and state in ('waiting', 'running', 'paused')) found`;

/** Whether there is anything to be asked. */
export const SWEEPS_ARE_KEPT = `select to_regclass('${PARTITION_CHANGES}') is not null as kept`;

export const toOpenSweeps = (json: string): readonly OpenSweep[] => JSON.parse(json) as OpenSweep[];

/** Completes "sweep of public.payments". */
export function sweepText({ state, job, enrichments, gone }: OpenSweep): string {
  const names = enrichments.join(', ');
  if (state === 'pending') return `waits until everything older is written for ${names}`;
  return `job ${job} ${state}, ${formatCount(gone)} results without a row deleted so far for ${names}`;
}
