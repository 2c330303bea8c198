import { instantFromMilliseconds } from '../../shared/contracts/instant.ts';
import { formatLsn } from '../../shared/contracts/position.ts';
import type { TypeCatalog } from '../../shared/contracts/row-codec.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import type { Relation } from '../../shared/postgres/pgoutput.ts';
import { FIRST_USER_OID, readTypeCatalog } from '../../shared/postgres/type-catalog.ts';
import type { Capture } from './capture.ts';
import type { CaptureContext, ChangeEvents } from './change-events.ts';
import {
  columnChanges,
  type SchemaVersions,
  storeSchemaVersion,
  type VersionChange,
} from './schema-versions.ts';

/** Follows the descriptions of tables that the log puts before their rows, whenever their columns may have changed. */
export class SchemaWatch {
  readonly #client: Queryable;
  readonly #versions: SchemaVersions;
  readonly #events: ChangeEvents;
  readonly #capture: Capture;
  readonly #context: CaptureContext;
  #types: TypeCatalog;

  constructor(
    parts: {
      readonly client: Queryable;
      readonly versions: SchemaVersions;
      readonly types: TypeCatalog;
    },
    events: ChangeEvents,
    capture: Capture,
    context: CaptureContext,
  ) {
    this.#client = parts.client;
    this.#versions = parts.versions;
    this.#types = parts.types;
    this.#events = events;
    this.#capture = capture;
    this.#context = context;
  }

  /** Resolves when rows of this shape may go out: a new version is durable by then. */
  async learn(relation: Relation): Promise<void> {
    if (!this.#events.isSource(relation)) return;
    if (relation.columns.some(({ typeOid }) => typeOid >= FIRST_USER_OID && !this.#types.has(typeOid))) {
      this.#types = await readTypeCatalog(this.#client);
    }
    const table = `${relation.schema}.${relation.name}`;
    const found = this.#versions.at(table, relation.columns, this.#capture.commitLsn);
    if (typeof found === 'number') {
      this.#events.learn(relation, found, this.#types);
      return;
    }
    await storeSchemaVersion(this.#client, found.entry);
    this.#events.learn(relation, found.entry.version, this.#types);
    if (found.previous !== undefined) this.#tell(found.entry, found.previous);
  }

  #tell(entry: VersionChange['entry'], previous: VersionChange['entry']): void {
    const { pipeline, nowMs } = this.#context;
    this.#capture.notify({
      kind: 'schema_change',
      at: instantFromMilliseconds(nowMs()),
      pipeline,
      table: entry.table,
      schema_version: entry.version,
      commit_lsn: formatLsn(entry.sinceLsn),
      columns: entry.columns,
      ...columnChanges(previous.columns, entry.columns),
    });
  }
}
