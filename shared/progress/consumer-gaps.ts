// What a consumer never got to see, as a gap with what closes it.
import { parseLsn } from '../contracts/position.ts';
import type { Queryable } from '../postgres/connect.ts';
import { PATIENT, withoutTimeouts } from '../postgres/long-statements.ts';
import type { TableName } from '../postgres/published.ts';
import { type Gap, recordGap, startRepair } from '../side-tables/gaps.ts';
import { stateTable } from '../side-tables/names.ts';

/** A topic that the group takes, and whose results its records lead to. */
export interface TakenTopic {
  readonly topic: string;
  readonly enrichment: string;
  readonly table: TableName;
}

export interface ConsumerGap {
  readonly reason: string;
  readonly detail: string;
  /** Redo jobs; when they are done, and without any at once, the reader sweeps the keys that have a result and no row. */
  readonly jobs: readonly string[];
}

/** In the transaction of `client`. */
export async function recordConsumerGap(
  client: Queryable,
  { enrichment, table }: TakenTopic,
  { reason, detail, jobs }: ConsumerGap,
): Promise<Gap> {
  const from = await newestOutcome(client, enrichment);
  const gap = await recordGap(client, { reason, detail, halts: false, tables: [table], from });
  if (gap === undefined) throw new Error('a gap without a halt was not recorded');
  await startRepair(client, gap.id, { to: from, tables: [table], slotReplaced: false, jobs });
  return { ...gap, state: 'repairing', to: from, jobs };
}

/** Everything behind it may be missing. No index leads to it: one over what every outcome rewrites would cost more than a rare look. */
async function newestOutcome(client: Queryable, enrichment: string): Promise<Gap['from']> {
  const { rows } = await withoutTimeouts(client, () =>
    client.query<{ epoch: number; lsn: string }>({ ...PATIENT, text: newestOf(enrichment) }),
  );
  return { epoch: rows[0]?.epoch ?? 0, lsn: parseLsn(rows[0]?.lsn ?? '0/0') };
}

const newestOf = (enrichment: string): string =>
  `select epoch, commit_lsn::text as lsn from ${stateTable(enrichment)} order by epoch desc, commit_lsn desc limit 1`;
