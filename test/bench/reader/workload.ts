// Databases whose rows wait in the log behind a slot that was made before they were written.
import { applyInit } from '../../../services/cli/init/apply.ts';
import { initTopics } from '../../../services/cli/init/topics.ts';
import type { Definition } from '../../../shared/config/definition.ts';
import { loadDefinition } from '../../../shared/config/parse.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { POSITIONS, slotName } from '../../../shared/side-tables/names.ts';
import { until } from '../../support/wait.ts';
import type { Parts } from './parts.ts';

export type Load = 'single' | 'one_transaction' | 'paced';

export const DEFINITION_FILE = new URL('afterglow.yaml', import.meta.url).pathname;
const FILL_TIMEOUT_MS = 600_000;

const TABLE = `
  create table payments (
    id                    bigint primary key,
    customer_id           bigint not null,
    kind                  text not null,
    status                text not null,
    amount                numeric(12,2) not null,
    currency              char(3) not null,
    merchant_name         text not null,
    merchant_category     text not null,
    merchant_country      char(2) not null,
    card_last4            char(4) not null,
    card_present          boolean not null,
    attempts_10m          smallint not null,
    distance_from_home_km double precision,
    occurred_at           timestamptz not null)`;

/** The row of a number, as the demo's transactions look. */
const ROW = (number: string): string => `
  select ${number}, ${number} % 5000 + 1, 'purchase', 'authorized', (${number} * 7919 % 100000 + 1) / 100.0, 'USD',
         'Merchant ' || ${number} % 500, (array['grocery', 'fuel', 'restaurant', 'electronics'])[${number} % 4 + 1], 'US',
         lpad((${number} % 10000)::text, 4, '0'), ${number} % 3 > 0, ${number} % 4 + 1,
         case when ${number} % 5 > 0 then ${number} % 997 * 1.37 end,
         timestamptz '2026-11-20 09:15:00Z' + ${number} * interval '1.357 ms'`;

export const INSERT_ONE = `insert into payments ${ROW('$1::bigint')}`;

const FILL: Readonly<Record<Load, (rows: number) => string>> = {
  single: (rows) =>
    `do $$ begin for number in 1..${rows} loop insert into payments ${ROW('number::bigint')}; commit; end loop; end $$`,
  one_transaction: (rows) =>
    `insert into payments ${ROW('number::bigint')} from generate_series(1, ${rows}) number`,
  paced: () => 'select',
};

export interface Workload {
  readonly databaseUrl: string;
  readonly client: DatabaseClient;
  /** The end of the log once all rows were in it. */
  readonly endLsn: string;
  /** A slot of this name that stands before the rows (paced: here and now), and empty topics; the former ones go. */
  rewind(slot: string, topics: readonly string[]): Promise<void>;
}

export async function readDefinition(): Promise<Definition> {
  const { definition, mistakes } = await loadDefinition(DEFINITION_FILE, {});
  if (definition === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  return definition;
}

export async function createWorkload(parts: Parts, load: Load, rows: number): Promise<Workload> {
  const definition = await readDefinition();
  const server = await connectDatabase({ url: parts.databaseUrl, applicationName: 'bench' });
  const database = `bench_${load}`;
  await server.query(`create database ${database}`);
  await server.end();
  const url = new URL(parts.databaseUrl);
  url.pathname = `/${database}`;
  const client = await connectDatabase({
    url: url.href,
    applicationName: 'bench',
    statementTimeoutMs: FILL_TIMEOUT_MS,
  });
  await client.query(TABLE);
  await applyInit(client, parts.kafka, { definition });
  const origin = `bench_origin_${load}`;
  await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [origin]);
  await client.query('set synchronous_commit = off');
  await client.query(FILL[load](rows));
  await client.query('set synchronous_commit = on');
  await client.query('analyze payments'); // A commit that waits, so that all before it is flushed too.
  const { rows: ends } = await client.query<{ lsn: string }>('select pg_current_wal_flush_lsn() as lsn');
  return {
    databaseUrl: url.href,
    client,
    endLsn: ends[0]?.lsn ?? '',
    rewind: async (slot, topics) => {
      const active = 'select 1 from pg_replication_slots where slot_name = $1 and active';
      const isFree = async (): Promise<boolean> => (await client.query(active, [slot])).rowCount === 0;
      // The server notices only when it next sends that nobody reads any more.
      await until(isFree, { deadlineMs: 30_000, what: `slot ${slot} to be free` });
      await client.query(
        'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
        [slot],
      );
      if (load === 'paced')
        await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
      else await client.query('select pg_copy_logical_replication_slot($1::name, $2::name)', [origin, slot]);
      await client.query(`delete from ${POSITIONS}`);
      await makeFresh(parts, definition, topics);
    },
  };
}

/** All of the pipeline's topics too: a position kept in Kafka would tell the reader that it is behind. */
async function makeFresh(parts: Parts, definition: Definition, topics: readonly string[]): Promise<void> {
  const own = initTopics(definition);
  const others = topics.filter((topic) => !own.some((candidate) => candidate.topic === topic));
  const model = own[0];
  if (model === undefined) throw new Error('the definition has no source');
  const wanted = [...own, ...others.map((topic) => ({ ...model, topic }))];
  const names = wanted.map(({ topic }) => topic);
  await parts.kafka.deleteTopics(names);
  const areGone = async (): Promise<boolean> => {
    const existing = await parts.kafka.listTopics();
    return names.every((name) => !existing.includes(name));
  };
  await until(areGone, { deadlineMs: 10_000, what: 'the former topics to be gone' });
  await parts.kafka.createTopics(wanted);
  // The broker has heard of them before it is ready to lead them.
  const areLed = async (): Promise<boolean> =>
    await Promise.all(names.map((name) => parts.countRecords(name))).then(
      () => true,
      () => false,
    );
  await until(areLed, { deadlineMs: 10_000, what: 'the fresh topics to be led' });
}

export const readerSlot = (definition: Definition): string => slotName(definition.pipeline);
