import type { CatalogPlace } from '../../shared/postgres/catalog-places.ts';
import type { Relation } from '../../shared/postgres/pgoutput.ts';
import type { TableName } from '../../shared/postgres/published.ts';
import type { RememberedTable } from '../../shared/side-tables/partitions.ts';
import { nameOf } from './preflight/published-changes.ts';

/** What a relation that the log describes is to the definition. */
export type RelationPlace =
  | { readonly kind: 'source'; readonly source: TableName }
  /** Its rows come under its own number, as they do while publish_via_partition_root is off. */
  | { readonly kind: 'partition'; readonly source: TableName }
  /** Its rows come as those of the source, which the log described just before it. */
  | { readonly kind: 'routed'; readonly source: TableName }
  | { readonly kind: 'foreign'; readonly isPublished: boolean };

export interface PlaceSettings {
  readonly isSource: (table: TableName) => boolean;
  readonly partitioned: readonly RememberedTable[];
  /** Asked only for what neither its name nor its place in the log explains. */
  readonly readPlaces: (oid: number) => Promise<readonly CatalogPlace[]>;
}

/**
 * Tells sources from what else the log describes. The log says a relation's name at the time of its rows; what it was a
 * partition of it says only by describing that just before.
 */
export class RelationPlaces {
  readonly #settings: PlaceSettings;
  readonly #partitioned: ReadonlySet<string>;
  readonly #rootOf: ReadonlyMap<number, TableName>;
  #lastSource: TableName | undefined;

  constructor(settings: PlaceSettings) {
    this.#settings = settings;
    this.#partitioned = new Set(settings.partitioned.map(nameOf));
    this.#rootOf = new Map(
      settings.partitioned.flatMap(({ schema, name, partitions }) =>
        partitions.map(({ oid }) => [oid, { schema, name }]),
      ),
    );
  }

  /** `isNext`: nothing but types came since the description before. */
  async placeOf(relation: Relation, isNext: boolean): Promise<RelationPlace> {
    const { isSource, readPlaces } = this.#settings;
    const before = isNext ? this.#lastSource : undefined;
    this.#lastSource = undefined;
    if (isSource(relation)) {
      this.#lastSource = { schema: relation.schema, name: relation.name };
      return { kind: 'source', source: this.#lastSource };
    }
    const root = this.#rootOf.get(relation.oid);
    if (before !== undefined && this.#partitioned.has(nameOf(before))) {
      // Several tables that were truncated at once are described one after the other, too.
      if (root === undefined || nameOf(root) === nameOf(before)) return { kind: 'routed', source: before };
    }
    if (root !== undefined) return { kind: 'partition', source: root };
    const found = await readPlaces(relation.oid);
    const [itself, ...above] = found;
    // It had another name for a while.
    if (itself !== undefined && isSource(itself)) return { kind: 'source', source: itself };
    const source = above.find(isSource);
    if (source !== undefined) return { kind: 'partition', source };
    return { kind: 'foreign', isPublished: found.some(({ isPublished }) => isPublished) };
  }
}
