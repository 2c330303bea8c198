import type { Definition } from '../../../shared/config/definition.ts';
import { shadowOf } from '../../../shared/contracts/shadow.ts';
import { enricherGroup } from '../../../shared/contracts/topics.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { recordLosses } from '../../../shared/progress/group-offsets.ts';
import type { Gap } from '../../../shared/side-tables/gaps.ts';
import type { GroupPlace } from './move-offsets.ts';

/**
 * A cut-over that was broken off for longer than Kafka keeps changes: what a group never got to see becomes a gap, with the
 * redo that closes it, before the group is set to where the log begins. The reader tells of it.
 */
export async function recordLossesOf(
  client: DatabaseClient,
  { pipeline, enrichments, sources }: Definition,
  name: string,
  { group, topic, lags }: GroupPlace,
): Promise<readonly Gap[]> {
  const table = sources[enrichments[name]?.from ?? '']?.table;
  if (table === undefined) throw new RangeError(`no source of ${name}`);
  const enrichment = group === enricherGroup(pipeline, name) ? name : shadowOf(name);
  await client.query('begin');
  try {
    const gaps = await recordLosses(client, { group, topics: [{ topic, enrichment, table }] }, lags);
    await client.query('commit');
    return gaps;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
