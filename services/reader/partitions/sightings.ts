import { parseLsn } from '../../../shared/contracts/position.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { Relation } from '../../../shared/postgres/pgoutput.ts';
import type { TableName } from '../../../shared/postgres/published.ts';
import { type RememberedTable, rememberSighting } from '../../../shared/side-tables/partitions.ts';

/**
 * Partitions that the log tells of from before any look has found them. They may have been emptied since, or be gone, as if
 * they had never been: what they held went out, and nothing else says that it is no more. So they are remembered before their
 * rows go out, and the next look has their results looked through.
 */
export class PartitionSightings {
  readonly #client: Queryable;
  readonly #foundLsns: Map<number, bigint>;

  constructor(client: Queryable, partitioned: readonly RememberedTable[]) {
    this.#client = client;
    const found = partitioned
      .flatMap(({ partitions }) => partitions)
      .map(({ oid, foundLsn }) => [oid, foundLsn] as const);
    this.#foundLsns = new Map(
      found.flatMap(([oid, lsn]) => (lsn === null ? [] : [[oid, parseLsn(lsn)] as const])),
    );
  }

  async saw(root: TableName, { oid, schema, name }: Relation, commitLsn: bigint): Promise<void> {
    const foundLsn = this.#foundLsns.get(oid);
    if (foundLsn !== undefined && foundLsn <= commitLsn) return;
    await rememberSighting(this.#client, root, { oid, name: `${schema}.${name}` }, commitLsn);
    // Whatever the log tells from here on is later.
    this.#foundLsns.set(oid, commitLsn);
  }
}
