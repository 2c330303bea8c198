import type { Queryable } from '../../../shared/postgres/connect.ts';
import { quoteLiteral } from '../../../shared/postgres/connect.ts';
import { POSITIONS, slotName } from '../../../shared/side-tables/names.ts';
import { formatBytes } from '../view/numbers.ts';
import { type Finding, findings } from './finding.ts';

export interface SlotFacts {
  readonly database: string;
  /** Undefined: there is none. */
  readonly slot:
    | {
        readonly plugin: string;
        readonly database: string | undefined;
        readonly isActive: boolean;
        readonly walStatus: string | undefined;
        readonly lagBytes: number;
        /** What may still be written before the slot is lost. Undefined: no limit. */
        readonly safeBytes: number | undefined;
      }
    | undefined;
  /** Something was acknowledged once: a slot that is gone has left a gap. */
  readonly wasUsed: boolean;
}

const LAG_WARNING_BYTES = 1_000_000_000;

export async function readSlotFacts(client: Queryable, pipeline: string): Promise<SlotFacts> {
  const { rows } = await client.query<{
    here: string;
    plugin: string | null;
    database: string | null;
    active: boolean | null;
    wal_status: string | null;
    lag: string | null;
    safe: string | null;
  }>(
    `select current_database()::text as here, s.plugin::text, s.database::text, s.active, s.wal_status, s.safe_wal_size::text as safe,
            case when pg_is_in_recovery() then null
                 else pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(s.confirmed_flush_lsn, s.restart_lsn))::text end as lag
       from (select 1) one left join pg_replication_slots s on s.slot_name = $1`,
    [slotName(pipeline)],
  );
  const { rows: tables } = await client.query<{ present: boolean }>(
    'select to_regclass($1) is not null as present',
    [POSITIONS],
  );
  const isPresent = tables[0]?.present === true;
  const positions = isPresent
    ? await client.query(`select 1 from ${POSITIONS} where pipeline = $1`, [pipeline])
    : { rows: [] };
  const [row] = rows;
  if (row === undefined) throw new Error('the server told nothing of its slots');
  return {
    database: row.here,
    slot:
      row.plugin === null && row.active === null
        ? undefined
        : {
            plugin: row.plugin ?? 'no plugin',
            database: row.database ?? undefined,
            isActive: row.active === true,
            walStatus: row.wal_status ?? undefined,
            lagBytes: Number(row.lag ?? 0),
            safeBytes: row.safe === null ? undefined : Number(row.safe),
          },
    wasUsed: positions.rows.length > 0,
  };
}

/** Pure. */
export function checkSlot(pipeline: string, { slot, database, wasUsed }: SlotFacts): readonly Finding[] {
  const { ok, failed, warning } = findings('slot');
  const name = slotName(pipeline);
  const drop = `select pg_drop_replication_slot(${quoteLiteral(name)});`;
  if (slot === undefined) {
    return wasUsed
      ? [
          failed(
            `Slot ${name} is gone although it was used: changes since then were never read.`,
            'npx afterglow gaps repair',
          ),
        ]
      : [ok(`slot ${name} is not there yet: the reader makes it at its first start`)];
  }
  if (slot.database !== undefined && slot.database !== database) {
    const fix = `Give this pipeline another name in afterglow.yaml, or run in database ${slot.database}: ${drop}`;
    return [failed(`Slot ${name} belongs to database ${slot.database}, not to ${database}.`, fix)];
  }
  if (slot.plugin !== 'pgoutput') {
    const fix = `Give this pipeline another name in afterglow.yaml, or, if nobody needs that slot: ${drop}`;
    return [failed(`Slot ${name} uses ${slot.plugin}, so it belongs to another program.`, fix)];
  }
  if (slot.walStatus === 'lost') {
    return [
      failed(
        `Slot ${name} was invalidated by the server: changes were not read and are gone from the log.`,
        'npx afterglow gaps repair',
      ),
    ];
  }
  if (slot.walStatus === 'unreserved') {
    return [
      failed(
        `Slot ${name} is about to be lost: the log it needs goes at the next checkpoint.`,
        'npx afterglow reader  # now, or: alter system set max_slot_wal_keep_size = -1; select pg_reload_conf();',
      ),
    ];
  }
  const found: Finding[] = [];
  const lag = formatBytes(slot.lagBytes);
  if (!slot.isActive) {
    const isGrowing = slot.lagBytes > LAG_WARNING_BYTES;
    const message = `Slot ${name} is not in use; the server keeps ${lag} of log for it${isGrowing ? ', and more with every change' : ''}.`;
    found.push(
      (isGrowing ? failed : warning)(
        message,
        `npm start  # or: npx afterglow reader; if it is not needed any more: ${drop}`,
      ),
    );
  } else if (slot.lagBytes > LAG_WARNING_BYTES) {
    found.push(
      warning(
        `Slot ${name} is ${lag} behind.`,
        'npx afterglow status --watch  # the reader waits for Kafka, or a long transaction is open',
      ),
    );
  } else found.push(ok(`slot ${name} is in use, ${lag} behind`));
  return found;
}
