import type { Definition } from '../../shared/config/definition.ts';
import { counterpartOf } from '../../shared/contracts/shadow.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import { readCutOver, readRevisionOwners } from '../../shared/side-tables/cutovers.ts';
import type { EnrichmentTables } from '../../shared/side-tables/enrichment-tables.ts';
import { TRUNCATE_FENCES } from '../../shared/side-tables/names.ts';
import type { Arrival } from './refusals.ts';

/** An enrichment and its shadow have changed places since this session began: it knows the wrong tables. */
export class CutOver extends Error {
  override readonly name = 'CutOver';
}

/** Asked after a look at the tables: what it compared with is told by the turn that follows it. @throws CutOver */
export async function requireTurn(
  client: Queryable,
  { enrichment, turn = 0 }: Pick<EnrichmentTables, 'enrichment' | 'turn'>,
): Promise<void> {
  const { rowCount } = await client.query({
    name: 'our_turn',
    text: `select from ${TRUNCATE_FENCES} where enrichment = $1 and turn = $2`,
    values: [enrichment, turn],
  });
  if (rowCount === 0) throw new CutOver();
}

/**
 * By whose model an outcome is, tells its revision: around a cut-over a topic holds outcomes of both, and each belongs into
 * the tables that its model has now.
 */
export class Homes {
  /** Of the topics that a pair of enrichments has: by revision, the topic that leads to its tables; null: nobody has them. */
  readonly #byTopic: ReadonlyMap<string, ReadonlyMap<number, string | null>>;

  constructor(byTopic: ReadonlyMap<string, ReadonlyMap<number, string | null>>) {
    this.#byTopic = byTopic;
  }

  /** undefined: of a model that is no longer in the definition, so it goes nowhere. */
  topicOf({ record: { topic }, event: { revision } }: Arrival): string | undefined {
    const home = this.#byTopic.get(topic)?.get(revision);
    return home === null ? undefined : (home ?? topic);
  }
}

export async function readHomes(client: Queryable, definition: Definition): Promise<Homes> {
  const { pipeline, enrichments } = definition;
  const cutOver = await readCutOver(client);
  const byTopic = new Map<string, ReadonlyMap<number, string | null>>();
  for (const name of Object.keys(enrichments)) {
    const counterpart = counterpartOf(name);
    if (!(counterpart in enrichments) && !cutOver.has(name)) continue;
    const owners = await readRevisionOwners(client, [name, counterpart]);
    const homes = [...owners].map(([revision, owner]): [number, string | null] => [
      revision,
      owner in enrichments ? enrichedTopic(pipeline, owner) : null,
    ]);
    byTopic.set(enrichedTopic(pipeline, name), new Map(homes));
  }
  return new Homes(byTopic);
}
