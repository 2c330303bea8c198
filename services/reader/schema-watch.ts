import { instantFromMilliseconds } from '../../shared/contracts/instant.ts';
import { formatLsn } from '../../shared/contracts/position.ts';
import type { TypeCatalog } from '../../shared/contracts/row-codec.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import type { Relation } from '../../shared/postgres/pgoutput.ts';
import { FIRST_USER_OID, readTypeCatalog } from '../../shared/postgres/type-catalog.ts';
import type { Capture } from './capture.ts';
import type { CaptureContext, ChangeEvents } from './change-events.ts';
import type { PartitionSightings } from './partitions/sightings.ts';
import { nameOf } from './preflight/published-changes.ts';
import type { RelationPlace, RelationPlaces } from './relation-places.ts';
import {
  columnChanges,
  type SchemaVersions,
  storeSchemaVersion,
  type VersionChange,
} from './schema-versions.ts';

type SourcePlace = Extract<RelationPlace, { kind: 'source' | 'partition' }>;

/** Follows the descriptions of tables that the log puts before their rows, whenever their columns may have changed. */
export class SchemaWatch {
  readonly #client: Queryable;
  readonly #versions: SchemaVersions;
  readonly #events: ChangeEvents;
  readonly #capture: Capture;
  readonly #context: CaptureContext;
  readonly #places: RelationPlaces;
  readonly #sightings: PartitionSightings;
  #types: TypeCatalog;

  constructor(
    parts: {
      readonly client: Queryable;
      readonly versions: SchemaVersions;
      readonly types: TypeCatalog;
      readonly places: RelationPlaces;
      readonly sightings: PartitionSightings;
    },
    events: ChangeEvents,
    capture: Capture,
    context: CaptureContext,
  ) {
    this.#client = parts.client;
    this.#versions = parts.versions;
    this.#types = parts.types;
    this.#places = parts.places;
    this.#sightings = parts.sightings;
    this.#events = events;
    this.#capture = capture;
    this.#context = context;
  }

  /**
   * Resolves when rows of this shape may go out: a new version is durable by then, and so is that the log told of a partition
   * which nobody has found. `isNext`: nothing but types came since the description before.
   */
  async learn(relation: Relation, isNext = false): Promise<void> {
    const place = await this.#places.placeOf(relation, isNext);
    if (place.kind === 'foreign') this.#pass(relation, place.isPublished);
    else {
      if (place.kind !== 'source') await this.#sightings.saw(place.source, relation, this.#capture.commitLsn);
      if (place.kind !== 'routed') await this.#learnSource(relation, place);
    }
  }

  async #learnSource(relation: Relation, { kind, source }: SourcePlace): Promise<void> {
    if (relation.columns.some(({ typeOid }) => typeOid >= FIRST_USER_OID && !this.#types.has(typeOid))) {
      this.#types = await readTypeCatalog(this.#client);
    }
    const isPartition = kind === 'partition';
    const { tables } = this.#events;
    const learn = (version: number): void =>
      isPartition
        ? tables.learnPartition(relation, source, version, this.#types)
        : tables.learn(relation, source, version, this.#types);
    // Partitions may have the columns of their table in another order.
    const found = this.#versions.at(nameOf(source), relation.columns, this.#capture.commitLsn, isPartition);
    if (typeof found === 'number') {
      learn(found);
      return;
    }
    await storeSchemaVersion(this.#client, found.entry);
    learn(found.entry.version);
    if (found.previous !== undefined) this.#tell(found.entry, found.previous);
  }

  /** A table that left, or a partition that is gone: so are their rows. But one that is to be read must not be passed. */
  #pass(relation: Relation, isPublished: boolean): void {
    if (isPublished) {
      throw new Fault(
        'set_up',
        'unexpected_table',
        `the publication holds ${nameOf(relation)}, which this definition does not name: run init and reader with the same one`,
      );
    }
    this.#events.tables.pass(relation);
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
