// What the reader asks before it touches the slot. Nothing here decides; decide.ts does, purely.
import type { Definition } from '../../../shared/config/definition.ts';
import { parseLsn } from '../../../shared/contracts/position.ts';
import type { StoredPosition } from '../../../shared/contracts/stored-position.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { SystemIdentity } from '../../../shared/postgres/identify-system.ts';
import { type PublishedObjects, readPublished, type TableName } from '../../../shared/postgres/published.ts';
import { readSlot, type SlotState } from '../../../shared/postgres/slots.ts';
import { type Gap, haltingGap } from '../../../shared/side-tables/gaps.ts';
import { publicationName, slotName } from '../../../shared/side-tables/names.ts';
import { loadPosition, type PositionRow } from '../../../shared/side-tables/positions.ts';

export interface ServerState {
  readonly version: string;
  readonly versionNumber: number;
  readonly database: string;
  /** A standby, or a node of Aurora that is not the writer (any more). */
  readonly isInRecovery: boolean;
  readonly isReadOnly: boolean;
}

export interface PreflightFacts {
  readonly server: ServerState;
  readonly system: SystemIdentity;
  readonly slot: SlotState | undefined;
  readonly published: PublishedObjects;
  /** The database's copy of the position; undefined before the first acknowledgement. */
  readonly stored: PositionRow | undefined;
  /** Kafka's copy. */
  readonly twin: StoredPosition | undefined;
  /** What the reader halted for before, and nobody has repaired yet. */
  readonly gap: Gap | undefined;
}

export interface FactSources {
  readonly client: Queryable;
  readonly definition: Definition;
  /** Asked on a replication connection of its own. */
  readonly identify: () => Promise<SystemIdentity>;
  readonly readTwin: () => Promise<StoredPosition | undefined>;
}

const SERVER = `
  select current_setting('server_version') as version, current_setting('server_version_num')::int4 as version_number,
         current_database() as database, pg_is_in_recovery() as in_recovery,
         current_setting('transaction_read_only') = 'on' as read_only`;

export async function readServerState(client: Queryable): Promise<ServerState> {
  const { rows } = await client.query<{
    version: string;
    version_number: number;
    database: string;
    in_recovery: boolean;
    read_only: boolean;
  }>(SERVER);
  const [row] = rows;
  if (row === undefined) throw new Error('the server told nothing of itself');
  return {
    version: row.version,
    versionNumber: row.version_number,
    database: row.database,
    isInRecovery: row.in_recovery,
    isReadOnly: row.read_only,
  };
}

export const sourceTables = ({ sources }: Definition): readonly TableName[] =>
  Object.values(sources).map(({ table }) => ({ schema: table.schema, name: table.name }));

/**
 * Everything that the decision needs. The order matters while another reader is at work: each acknowledgement goes to the
 * database, to Kafka, to the slot, so whoever reads Kafka and the slot before the database never sees them ahead of it.
 */
export async function readFacts({
  client,
  definition,
  identify,
  readTwin,
}: FactSources): Promise<PreflightFacts> {
  const { pipeline } = definition;
  const server = await readServerState(client);
  const twin = await readTwin();
  const slot = await readSlot(client, slotName(pipeline), server.versionNumber);
  const stored = await loadPosition(client, pipeline);
  const published = await readPublished(client, publicationName(pipeline), sourceTables(definition));
  const gap = await haltingGap(client);
  return { server, system: await identify(), slot, published, stored, twin, gap };
}

export const confirmedLsn = (slot: SlotState | undefined): bigint => parseLsn(slot?.confirmed ?? '0/0');
