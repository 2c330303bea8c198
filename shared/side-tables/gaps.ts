// The record of every gap: what may be missing in Kafka, from where to where, and how far its repair is.
import { formatLsn, parseLsn } from '../contracts/position.ts';
import type { StoredPosition } from '../contracts/stored-position.ts';
import type { Queryable } from '../postgres/connect.ts';
import type { TableName } from '../postgres/published.ts';
import { GAPS, REDO_JOBS } from './names.ts';

export type GapState = 'open' | 'repairing' | 'closed';
type LogPlace = Pick<StoredPosition, 'epoch' | 'lsn'>;

export interface GapDraft {
  /** Code of the error that the reader halts with. */
  readonly reason: string;
  readonly detail: string;
  /** Nothing is read or acknowledged until somebody has repaired it. */
  readonly halts: boolean;
  readonly tables: readonly TableName[];
  readonly from: LogPlace;
}

export interface Gap extends GapDraft {
  readonly id: string;
  /** null until it is known. */
  readonly to: LogPlace | null;
  readonly state: GapState;
  readonly foundAt: string;
  readonly repairedAt: string | null;
  readonly closedAt: string | null;
  /** The redo jobs that close it. */
  readonly jobs: readonly string[];
  readonly counts: Readonly<Record<string, number>> | null;
}

interface GapRow {
  readonly id: string;
  readonly reason: string;
  readonly detail: string;
  readonly halts: boolean;
  readonly tables: string;
  readonly from_epoch: number;
  readonly from_lsn: string;
  readonly to_epoch: number | null;
  readonly to_lsn: string | null;
  readonly state: GapState;
  readonly found_at: string;
  readonly repaired_at: string | null;
  readonly closed_at: string | null;
  readonly jobs: string;
  readonly counts: string | null;
}

const INSTANT = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;
const COLUMNS = `
  id, reason, detail, halts, tables::text as tables, from_epoch, from_lsn::text as from_lsn, to_epoch,
  to_lsn::text as to_lsn, state, to_json(jobs::text[])::text as jobs, counts::text as counts,
  to_char(found_at at time zone 'UTC', ${INSTANT}) as found_at,
  to_char(repaired_at at time zone 'UTC', ${INSTANT}) as repaired_at,
  to_char(closed_at at time zone 'UTC', ${INSTANT}) as closed_at`;

/** Every gap that there was, newest first. */
export async function listGaps(client: Queryable): Promise<readonly Gap[]> {
  const { rows } = await client.query<GapRow>(`select ${COLUMNS} from ${GAPS} order by id desc`);
  return rows.map(toGap);
}

/** The gap that keeps the reader still, if any. */
export async function haltingGap(client: Queryable): Promise<Gap | undefined> {
  const { rows } = await client.query<GapRow>(
    `select ${COLUMNS} from ${GAPS} where halts and state = 'open'`,
  );
  return rows[0] === undefined ? undefined : toGap(rows[0]);
}

/**
 * Undefined when the reader already stands still for another one, which this then belongs to, or when it is written down: a
 * reader that ends before it goes on finds the same again.
 */
export async function recordGap(client: Queryable, gap: GapDraft): Promise<Gap | undefined> {
  const { rows } = await client.query<GapRow>(
    `insert into ${GAPS} (reason, detail, halts, tables, from_epoch, from_lsn)
     select $1::text, $2::text, $3::boolean, $4::jsonb, $5::integer, $6::pg_lsn
      where not exists (select from ${GAPS} known where not known.halts and not $3::boolean and known.state = 'open'
                          and (known.reason, known.detail, known.from_epoch, known.from_lsn) = ($1, $2, $5, $6))
     on conflict ((true)) where halts and state = 'open' do nothing returning ${COLUMNS}`,
    [gap.reason, gap.detail, gap.halts, tablesJson(gap.tables), gap.from.epoch, formatLsn(gap.from.lsn)],
  );
  return rows[0] === undefined ? undefined : toGap(rows[0]);
}

export interface RepairStart {
  readonly to: LogPlace;
  readonly tables: readonly TableName[];
  readonly slotReplaced: boolean;
  readonly jobs: readonly string[];
}

/** From here on the reader may stream again; the gap itself is closed when its redo is done. */
export async function startRepair(
  client: Queryable,
  id: string,
  { to, tables, slotReplaced, jobs }: RepairStart,
): Promise<void> {
  await client.query(
    `update ${GAPS} set state = 'repairing', swept = false, told = false, to_epoch = $2, to_lsn = $3, tables = $4, repaired_at = now(),
            slot_replaced_at = case when $5 then now() else slot_replaced_at end, jobs = $6::text[]::bigint[]
      where id = $1`,
    [id, to.epoch, formatLsn(to.lsn), tablesJson(tables), slotReplaced, jobs],
  );
}

const ALL_DONE = `not exists (select from unnest(jobs) as wanted(job)
  where not exists (select from ${REDO_JOBS} done where done.job = wanted.job and done.state = 'done'))`;

/** Gaps whose rows are all read again, so that what is left over can be looked for. */
export async function gapsToSweep(client: Queryable): Promise<readonly Gap[]> {
  const { rows } = await client.query<GapRow>(
    `select ${COLUMNS} from ${GAPS} where state = 'repairing' and not swept and ${ALL_DONE} order by id`,
  );
  return rows.map(toGap);
}

export async function markSwept(client: Queryable, id: string, jobs: readonly string[]): Promise<void> {
  await client.query(`update ${GAPS} set swept = true, jobs = jobs || $2::text[]::bigint[] where id = $1`, [
    id,
    jobs,
  ]);
}

/** The gaps whose jobs are all done, closed with what those did. */
export async function closeRepairedGaps(client: Queryable): Promise<readonly Gap[]> {
  const { rows } = await client.query<GapRow>(
    `update ${GAPS} set state = 'closed', closed_at = now(), told = false,
            counts = (select jsonb_build_object('rows', coalesce(sum(rows_done), 0), 'deleted', coalesce(sum(rows_gone), 0))
                        from ${REDO_JOBS} where job = any(jobs))
      where state = 'repairing' and swept and ${ALL_DONE} returning ${COLUMNS}`,
  );
  return rows.map(toGap);
}

/** Gaps that will never close by themselves, because a job failed or was cancelled. */
export async function stuckGaps(client: Queryable): Promise<readonly Gap[]> {
  const { rows } = await client.query<GapRow>(
    `select ${COLUMNS} from ${GAPS} where state = 'repairing' and exists
       (select from ${REDO_JOBS} job where job.job = any(jobs) and job.state in ('failed', 'cancelled')) order by id`,
  );
  return rows.map(toGap);
}

/** Open, but nothing that the reader stands still for. */
export async function openHarmlessGaps(client: Queryable): Promise<readonly Gap[]> {
  const { rows } = await client.query<GapRow>(
    `select ${COLUMNS} from ${GAPS} where state = 'open' and not halts order by id`,
  );
  return rows.map(toGap);
}

/** Those of which notices does not have what stands here; the oldest first. */
export async function untoldGaps(client: Queryable): Promise<readonly Gap[]> {
  const { rows } = await client.query<GapRow>(`select ${COLUMNS} from ${GAPS} where not told order by id`);
  return rows.map(toGap);
}

/** Only as they were told: what changed meanwhile is told again. */
export async function markGapsTold(client: Queryable, gaps: readonly Gap[]): Promise<void> {
  await client.query(
    `update ${GAPS} set told = true
       from unnest($1::bigint[], $2::text[]) as sent(id, state) where gaps.id = sent.id and gaps.state = sent.state`,
    [gaps.map(({ id }) => id), gaps.map(({ state }) => state)],
  );
}

export async function countGaps(client: Queryable): Promise<Readonly<Record<'open' | 'repairing', number>>> {
  const { rows } = await client.query<{ open: number; repairing: number }>(
    `select (count(*) filter (where state = 'open'))::int4 as open,
            (count(*) filter (where state = 'repairing'))::int4 as repairing from ${GAPS}`,
  );
  return rows[0] ?? { open: 0, repairing: 0 };
}

/** How often the slot was replaced within the last hour: more than a few times means that something else is wrong. */
export async function replacementsWithinHour(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int4 as count from ${GAPS} where slot_replaced_at > now() - interval '1 hour'`,
  );
  return rows[0]?.count ?? 0;
}

const tablesJson = (tables: readonly TableName[]): string =>
  JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })));

function toGap(row: GapRow): Gap {
  return {
    id: row.id,
    reason: row.reason,
    detail: row.detail,
    halts: row.halts,
    tables: JSON.parse(row.tables) as TableName[],
    from: { epoch: row.from_epoch, lsn: parseLsn(row.from_lsn) },
    to:
      row.to_epoch === null || row.to_lsn === null
        ? null
        : { epoch: row.to_epoch, lsn: parseLsn(row.to_lsn) },
    state: row.state,
    foundAt: row.found_at,
    repairedAt: row.repaired_at,
    closedAt: row.closed_at,
    jobs: JSON.parse(row.jobs) as string[],
    counts: row.counts === null ? null : (JSON.parse(row.counts) as Record<string, number>),
  };
}
