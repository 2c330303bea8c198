import type { TypeCatalog } from '../../shared/contracts/row-codec.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { Relation } from '../../shared/postgres/pgoutput.ts';
import type { TableName } from '../../shared/postgres/published.ts';
import type { CaptureContext, ChangeObserver } from './change-events.ts';
import { tablePart } from './envelope.ts';
import { type TableShape, tableShape } from './table-shape.ts';

/** The tables that the log has described, by the number that their rows come with. One per connection. */
export class DescribedTables {
  readonly #context: CaptureContext;
  readonly #observer: ChangeObserver | undefined;
  readonly #shapes = new Map<number, TableShape>();
  /** Partitions whose rows come under their own number. */
  readonly #partitions = new Set<number>();
  readonly #foreign = new Set<number>();

  constructor(context: CaptureContext, observer?: ChangeObserver) {
    this.#context = context;
    this.#observer = observer;
  }

  /** Whether the definition names it. */
  isSource({ schema, name }: TableName): boolean {
    return this.#context.tables.has(`${schema}.${name}`);
  }

  /** 'schema.table' of the source that rows of this number belong to, once the log has described it. */
  nameOf(relationOid: number): string | undefined {
    const shape = this.#shapes.get(relationOid);
    return shape === undefined ? undefined : `${shape.schema}.${shape.name}`;
  }

  /** Rows under the number of this relation are rows of the source from here on, and have these columns. */
  learn(relation: Relation, source: TableName, schemaVersion: number, types: TypeCatalog): void {
    const { tables, pipeline, database, version } = this.#context;
    const { schema, name: tableName } = source;
    const table = tables.get(`${schema}.${tableName}`);
    if (table === undefined) return;
    const part = tablePart({ pipeline, database, version, schema, table: tableName, schemaVersion });
    const known = this.#shapes.get(relation.oid);
    if (known !== undefined && known.part.schemaVersion !== schemaVersion) {
      this.#observer?.windowFor(schema, tableName)?.schemaChanged();
    }
    this.#shapes.set(relation.oid, tableShape({ ...relation, schema, name: tableName }, table, types, part));
    this.#foreign.delete(relation.oid);
  }

  learnPartition(relation: Relation, source: TableName, schemaVersion: number, types: TypeCatalog): void {
    this.learn(relation, source, schemaVersion, types);
    this.#partitions.add(relation.oid);
  }

  /** Nobody asks for its rows. */
  pass({ oid }: Relation): void {
    this.#shapes.delete(oid);
    this.#foreign.add(oid);
  }

  isForeign(oid: number): boolean {
    return this.#foreign.has(oid);
  }

  /** undefined: a row that nobody asks for. */
  shapeOf(oid: number): TableShape | undefined {
    const shape = this.#shapes.get(oid);
    if (shape !== undefined || this.isForeign(oid)) return shape;
    throw new Fault('unknown', 'protocol', `a row of relation ${oid}, which the log did not describe`);
  }

  /** undefined: not described, or not asked for. */
  knownShapeOf(oid: number): TableShape | undefined {
    return this.#shapes.get(oid);
  }

  /** undefined: not a whole table that somebody asks for. What emptied a partition shows in the catalog, and is found there. */
  wholeShapeOf(oid: number): TableShape | undefined {
    return this.#partitions.has(oid) ? undefined : this.#shapes.get(oid);
  }
}
