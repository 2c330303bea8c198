import type { Queryable } from '../../../shared/postgres/connect.ts';
import { formatBytes } from '../view/numbers.ts';
import { type Finding, findings } from './finding.ts';

export interface ServerFacts {
  readonly version: string;
  readonly versionNumber: number;
  readonly walLevel: string;
  readonly isInRecovery: boolean;
  /** Amazon's servers take such settings from a parameter group. */
  readonly isAmazon: boolean;
  readonly slotsMax: number;
  readonly slotsUsed: number;
  readonly sendersMax: number;
  readonly sendersUsed: number;
  /** -1: without limit. */
  readonly slotKeepMegabytes: number;
}

export const OLDEST_VERSION = 150_000;
const MEGABYTE = 1_048_576;

export async function readServerFacts(client: Queryable): Promise<ServerFacts> {
  const { rows } = await client.query<{
    version: string;
    version_number: number;
    wal_level: string;
    in_recovery: boolean;
    amazon: boolean;
    slots_max: number;
    slots_used: number;
    senders_max: number;
    senders_used: number;
    slot_keep_mb: number;
  }>(`
    select current_setting('server_version') as version, current_setting('server_version_num')::int4 as version_number,
           current_setting('wal_level') as wal_level, pg_is_in_recovery() as in_recovery,
           exists (select from pg_roles where rolname = 'rds_replication') as amazon,
           current_setting('max_replication_slots')::int4 as slots_max,
           (select count(*)::int4 from pg_replication_slots) as slots_used,
           current_setting('max_wal_senders')::int4 as senders_max,
           (select count(*)::int4 from pg_stat_replication) as senders_used,
           (select setting::int4 from pg_settings where name = 'max_slot_wal_keep_size') as slot_keep_mb`);
  const [row] = rows;
  if (row === undefined) throw new Error('the server told nothing of itself');
  return {
    version: row.version,
    versionNumber: row.version_number,
    walLevel: row.wal_level,
    isInRecovery: row.in_recovery,
    isAmazon: row.amazon,
    slotsMax: row.slots_max,
    slotsUsed: row.slots_used,
    sendersMax: row.senders_max,
    sendersUsed: row.senders_used,
    slotKeepMegabytes: row.slot_keep_mb,
  };
}

/** Pure. `hasSlot`: ours is among those used, so that none has to be free. */
export function checkServer(facts: ServerFacts, hasSlot: boolean): readonly Finding[] {
  const { ok, failed, warning } = findings('postgres');
  const alter = (setting: string, value: string): string =>
    facts.isAmazon
      ? `Set ${setting} = ${value} in the cluster parameter group, then reboot the writer.`
      : `alter system set ${setting} = ${value};  -- then restart PostgreSQL`;
  const found: Finding[] = [];
  found.push(
    facts.versionNumber >= OLDEST_VERSION
      ? ok(`PostgreSQL ${facts.version}`)
      : failed(
          `PostgreSQL ${facts.version} is too old: 15 is the oldest.`,
          'Upgrade the server to PostgreSQL 15 or newer.',
        ),
  );
  if (facts.walLevel === 'logical') found.push(ok('wal_level is logical'));
  else {
    const fix = facts.isAmazon
      ? 'Set rds.logical_replication = 1 in the cluster parameter group, then reboot the writer.'
      : alter('wal_level', 'logical');
    found.push(failed(`wal_level is ${facts.walLevel}, so the log does not hold what changed.`, fix));
  }
  if (facts.isInRecovery) {
    found.push(
      failed(
        'This is a standby: a slot and side tables need the writer.',
        "Let DATABASE_URL name the writer's address.",
      ),
    );
  }
  const needed = hasSlot ? 0 : 1;
  for (const [setting, most, used] of [
    ['max_replication_slots', facts.slotsMax, facts.slotsUsed],
    ['max_wal_senders', facts.sendersMax, facts.sendersUsed],
  ] as const) {
    const free = most - used;
    const message = `${setting} is ${most}, ${used} in use`;
    if (free < needed)
      found.push(failed(`${message}: none is left for the reader.`, alter(setting, String(most + 5))));
    else if (free <= 1)
      found.push(warning(`${message}: the next one may find none.`, alter(setting, String(most + 5))));
    else found.push(ok(message));
  }
  found.push(
    facts.slotKeepMegabytes < 0
      ? warning(
          'max_slot_wal_keep_size is without limit: a reader that stays away fills the disk.',
          facts.isAmazon
            ? alter('max_slot_wal_keep_size', '51200')
            : "alter system set max_slot_wal_keep_size = '50GB'; select pg_reload_conf();",
        )
      : ok(`max_slot_wal_keep_size is ${formatBytes(facts.slotKeepMegabytes * MEGABYTE)}`),
  );
  return found;
}
