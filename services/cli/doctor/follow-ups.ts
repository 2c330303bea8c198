// What is still to be done about gaps and about rows that went without a word.
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type Gap, listGaps } from '../../../shared/side-tables/gaps.ts';
import { GAPS } from '../../../shared/side-tables/names.ts';
import { OPEN_SWEEPS, type OpenSweep, SWEEPS_ARE_KEPT, sweepText, toOpenSweeps } from '../sweeps.ts';
import { type Finding, findings } from './finding.ts';

export interface FollowUps {
  readonly gaps: readonly Pick<Gap, 'id' | 'reason' | 'detail' | 'state' | 'jobs'>[];
  readonly sweeps: readonly OpenSweep[];
}

/** Nothing where no set-up has made their tables yet. */
export async function readFollowUps(client: Queryable): Promise<FollowUps> {
  const { rows } = await client.query<{ kept: boolean }>('select to_regclass($1) is not null as kept', [
    GAPS,
  ]);
  const swept = await client.query<{ kept: boolean }>(SWEEPS_ARE_KEPT);
  const found =
    swept.rows[0]?.kept === true ? await client.query<{ sweeps: string }>(OPEN_SWEEPS) : { rows: [] };
  return {
    gaps: rows[0]?.kept === true ? await listGaps(client) : [],
    sweeps: toOpenSweeps(found.rows[0]?.sweeps ?? '[]'),
  };
}

/** What waits this long for others to write waits for one that stands still. */
const SWEEP_WARNING_SECONDS = 600;

/** Pure. Says nothing where nothing is open. */
export function checkFollowUps({ gaps, sweeps }: FollowUps): readonly Finding[] {
  const { ok, failed } = findings('slot');
  const ofTables = findings('tables');
  return [
    ...gaps.flatMap(({ id, reason, detail, state, jobs }): readonly Finding[] => {
      if (state === 'closed') return [];
      if (state === 'repairing') {
        return [ok(`gap ${id} (${reason}) is being repaired by ${jobs.length} jobs`)];
      }
      return [failed(`Gap ${id} is open (${reason}): ${detail}`, 'npx afterglow gaps repair')];
    }),
    ...sweeps.map((sweep) => {
      const message = `sweep of ${sweep.table}: ${sweepText(sweep)}`;
      return sweep.state === 'running' || sweep.age_seconds < SWEEP_WARNING_SECONDS
        ? ofTables.ok(message)
        : ofTables.warning(
            message,
            'npx afterglow status  # which service stands still, or which job is paused',
          );
    }),
  ];
}
