import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import { readTopic } from '../../support/topic.ts';
import { until } from '../../support/wait.ts';
import type { Parts } from '../reader/parts.ts';
import type { Passage, RowTimes } from './hops.ts';
import type { Setting } from './setting.ts';

const WRITTEN_MAX_MS = 300_000;
const LOOK_INTERVAL_MS = 100;

/** What the server recorded of the two commits of a row: its own, and that of its result. */
interface CommittedRow extends Passage {
  readonly id: string;
}

/** Resolves when every purchase has a result in this table. */
export async function allWritten(client: DatabaseClient, results: string): Promise<void> {
  const sql = `select (select count(*) from ${results}) >= (select count(*) from public.transactions) as is_all`;
  const isAll = async (): Promise<boolean> => {
    const { rows } = await client.query<{ is_all: boolean }>(sql);
    return rows[0]?.is_all === true;
  };
  await until(isAll, {
    deadlineMs: WRITTEN_MAX_MS,
    everyMs: LOOK_INTERVAL_MS,
    what: 'every result to be written',
  });
}

/** Purchases that were committed since then. Both commits are those of the rows' latest versions: nothing is updated here. */
export async function passagesSince(
  client: DatabaseClient,
  results: string,
  sinceMs: number,
): Promise<readonly CommittedRow[]> {
  const { rows } = await client.query<{ id: string; committed: string; written: string }>(
    `select id, committed, written
     from (select source.id, extract(epoch from pg_xact_commit_timestamp(source.xmin)) * 1000 as committed,
             extract(epoch from pg_xact_commit_timestamp(result.xmin)) * 1000 as written
           from public.transactions as source join ${results} as result on result.id = source.id) as passage
     where committed >= $1::float8`,
    [sinceMs],
  );
  return rows.map(({ id, committed, written }) => ({
    id,
    committedAtMs: Number(committed),
    writtenAtMs: Number(written),
  }));
}

/** The same with what the brokers recorded on the way. */
export async function rowTimesOf(
  rows: readonly CommittedRow[],
  { topics }: Setting,
  { brokers }: Parts,
): Promise<readonly RowTimes[]> {
  const published = new Map<string, number>();
  for (const { key, timestampMs } of await readTopic(topics.published, brokers))
    published.set(idOf(key), timestampMs);
  const enriched = new Map<string, { readonly atMs: number; readonly modelMs: number }>();
  for (const { key, value, timestampMs } of await readTopic(topics.enriched, brokers)) {
    const { model_ms: modelMs } = JSON.parse(String(value)) as { readonly model_ms: number };
    enriched.set(idOf(key), { atMs: timestampMs, modelMs });
  }
  return rows.map(({ id, committedAtMs, writtenAtMs }) => {
    const publishedAtMs = published.get(id);
    const outcome = enriched.get(id);
    if (publishedAtMs === undefined || outcome === undefined)
      throw new Error('a row was written that is not on the topics');
    return {
      committedAtMs,
      publishedAtMs,
      enrichedAtMs: outcome.atMs,
      writtenAtMs,
      modelMs: outcome.modelMs,
    };
  });
}

const idOf = (key: Buffer | null): string => (JSON.parse(String(key)) as { readonly id: string }).id;
