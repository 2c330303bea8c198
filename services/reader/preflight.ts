import type { Definition } from '../../shared/config/definition.ts';
import { CDC_MESSAGE_BYTES_MAX, cdcTopic } from '../../shared/contracts/topics.ts';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { findTable, readCatalog } from '../../shared/postgres/catalog.ts';
import { type DatabaseClient, quoteLiteral } from '../../shared/postgres/connect.ts';
import { POSITIONS, publicationName, slotName } from '../../shared/side-tables/names.ts';
import type { CaptureContext } from './change-events.ts';
import type { CapturedTable } from './table-shape.ts';

export interface SlotState {
  readonly plugin: string;
  readonly database: string;
  readonly active: boolean;
  readonly walStatus: string | null;
  readonly confirmed: string | null;
}

export interface ServerFacts {
  readonly version: string;
  readonly versionNumber: number;
  readonly database: string;
  readonly systemId: string;
  readonly timeline: number;
  readonly slot: SlotState | undefined;
  /** What the database remembers to be safe in Kafka; undefined before the first acknowledgement. */
  readonly storedLsn: string | undefined;
  /** 'schema.table' of every table in the publication. */
  readonly published: ReadonlySet<string>;
}

export type SlotDecision = 'stream' | 'create';

const FACTS = `
  select current_setting('server_version') as version,
         current_setting('server_version_num')::int4 as version_number,
         current_database() as database,
         (select system_identifier::text from pg_control_system()) as system_id,
         (select timeline_id from pg_control_checkpoint()) as timeline`;
const SLOT = `
  select plugin::text, database::text, active, wal_status, confirmed_flush_lsn::text as confirmed
    from pg_replication_slots where slot_name = $1`;
const PUBLISHED = `select schemaname || '.' || tablename as name from pg_publication_tables where pubname = $1`;

export async function readServerFacts(client: DatabaseClient, pipeline: string): Promise<ServerFacts> {
  const { rows: facts } = await client.query<{
    version: string;
    version_number: number;
    database: string;
    system_id: string;
    timeline: number;
  }>(FACTS);
  const { rows: slots } = await client.query<{
    plugin: string;
    database: string;
    active: boolean;
    wal_status: string | null;
    confirmed: string | null;
  }>(SLOT, [slotName(pipeline)]);
  const { rows: published } = await client.query<{ name: string }>(PUBLISHED, [publicationName(pipeline)]);
  const { rows: positions } = await client.query<{ lsn: string }>(
    `select lsn::text as lsn from ${POSITIONS} where pipeline = $1`,
    [pipeline],
  );
  const [fact] = facts;
  const [slot] = slots;
  if (fact === undefined) throw new AfterglowError('defect', 'the server told nothing of itself');
  return {
    version: fact.version,
    versionNumber: fact.version_number,
    database: fact.database,
    systemId: fact.system_id,
    timeline: fact.timeline,
    slot:
      slot === undefined
        ? undefined
        : {
            plugin: slot.plugin,
            database: slot.database,
            active: slot.active,
            walStatus: slot.wal_status,
            confirmed: slot.confirmed,
          },
    storedLsn: positions[0]?.lsn,
    published: new Set(published.map(({ name }) => name)),
  };
}

/** Pure: what to do about the slot, or the reason to halt before anything is read or acknowledged. */
export function decideSlot(facts: ServerFacts, definition: Definition): SlotDecision {
  const { pipeline } = definition;
  const missing = Object.values(definition.sources)
    .map(({ table }) => `${table.schema}.${table.name}`)
    .filter((table) => !facts.published.has(table));
  if (missing.length > 0) {
    // On PostgreSQL 18 a missing publication is silence: acknowledging keepalives would lose what it should have sent.
    throw new AfterglowError(
      'publication_incomplete',
      `Publication ${publicationName(pipeline)} does not hold ${missing.join(', ')}.`,
    );
  }
  const { slot } = facts;
  if (slot === undefined) {
    if (facts.storedLsn === undefined) return 'create';
    throw new AfterglowError(
      'slot_lost',
      `Replication slot ${slotName(pipeline)} is gone; everything up to ${facts.storedLsn} is in Kafka.`,
    );
  }
  if (slot.plugin !== 'pgoutput' || slot.database !== facts.database) {
    throw new AfterglowError(
      'slot_foreign',
      `Replication slot ${slotName(pipeline)} uses ${slot.plugin} in database ${slot.database}.`,
    );
  }
  if (slot.walStatus === 'lost') {
    throw new AfterglowError(
      'slot_lost',
      `Replication slot ${slotName(pipeline)} was invalidated by the server.`,
    );
  }
  return 'stream';
}

const FAILOVER_SLOTS_SINCE = 170_000;

/** Waits for every transaction that is writing now, as PostgreSQL has to. */
export async function createSlot(
  client: DatabaseClient,
  facts: ServerFacts,
  pipeline: string,
): Promise<void> {
  const failover = facts.versionNumber >= FAILOVER_SLOTS_SINCE ? ', failover => true' : '';
  await client.query(
    `select pg_create_logical_replication_slot(${quoteLiteral(slotName(pipeline))}, 'pgoutput'${failover})`,
  );
}

export async function readCaptureContext(
  client: DatabaseClient,
  facts: ServerFacts,
  definition: Definition,
  partitionsOf: (topic: string) => number,
): Promise<CaptureContext> {
  const catalog = await readCatalog(client);
  const tables = new Map<string, CapturedTable>();
  for (const { table } of Object.values(definition.sources)) {
    const name = `${table.schema}.${table.name}`;
    const found = findTable(catalog, table);
    if (found === undefined || found.key.length === 0) {
      throw new AfterglowError('table_without_key', `Table ${name} has no key that names a row.`);
    }
    const topic = cdcTopic(definition.pipeline, table.schema, table.name);
    tables.set(name, { topic, partitions: partitionsOf(topic), key: found.key });
  }
  return {
    pipeline: definition.pipeline,
    database: facts.database,
    version: facts.version,
    epoch: FIRST_EPOCH,
    tables,
    nowMs: Date.now,
    recordBytesMax: CDC_MESSAGE_BYTES_MAX - BATCH_OVERHEAD_BYTES,
  };
}

/** What Kafka counts beside the value: key, batch and record framing. */
const BATCH_OVERHEAD_BYTES = 8_192;

/** Only a restore or a fork begins another one. */
export const FIRST_EPOCH = 1;
