// A partitioned table with a score beside each row, by all services, and what becomes of it.
import { expect } from 'vitest';
import type { Notice } from '../../shared/contracts/events.ts';
import { noticesTopic } from '../../shared/contracts/topics.ts';
import { listRedoJobs, type RedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createPipeline, type TestPipeline } from './pipeline.ts';
import { readTopic } from './topic.ts';
import { until } from './wait.ts';

const DEADLINE_MS = 120_000;

/** By list, below that by range, and a default one. */
const PAYMENTS = `
  create type public.region as enum ('eu', 'us', 'asia', 'africa', 'mars');
  create table payments (id bigint, region region, amount numeric(12,2) not null default 25, secret text, primary key (region, id))
    partition by list (region);
  create table payments_eu partition of payments for values in ('eu');
  create table payments_us partition of payments for values in ('us') partition by range (id);
  create table payments_us_low partition of payments_us for values from (0) to (1000);
  create table payments_us_high partition of payments_us for values from (1000) to (2000);
  create table payments_rest partition of payments default;`;

const definitionText = (text: string): string => `
version: 1
${/pipeline: .*/.exec(text)?.[0]}
sources:
  payments: { table: public.payments, partitions: 2, exclude: [secret] }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1", format: csv }
    input: [amount, attempts: "1", present: "true", hour: "12", distance: "-1.0", category: "3"]
    output: { score: float }
`;

export interface PartitionedPipeline extends AsyncDisposable {
  readonly pipeline: TestPipeline;
  /** Rows by 'region/id', all of which are there before. */
  pay(...keys: readonly string[]): Promise<void>;
  /** Resolves when exactly these have a score: 'region/id', in order. */
  scored(...keys: readonly string[]): Promise<void>;
  /** Resolves with what is told of the newest change once nothing of it is left to be looked for. */
  swept(changes: number): Promise<PartitionNotice>;
  /** All but the first load. */
  jobs(): Promise<readonly RedoJob[]>;
  /** The same once each of them has ended: what it counts is noted behind its last row. */
  endedJobs(): Promise<readonly RedoJob[]>;
  /** Where each row's outcome comes from: another text, another outcome. */
  outcomes(): Promise<ReadonlyMap<string, string>>;
  notices(): Promise<readonly PartitionNotice[]>;
}

export type PartitionNotice = Extract<Notice, { kind: 'partition_maintenance' }>;

export async function createPartitioned(version: 16 | 18 = 18): Promise<PartitionedPipeline> {
  const pipeline = await createPipeline(version, definitionText, PAYMENTS);
  const { client, definition } = pipeline;
  const outcomes = async (): Promise<ReadonlyMap<string, string>> => {
    const { rows } = await client.query<{ key: string; position: string }>(
      `select concat(key_region, '/', key_id) as key, concat(commit_lsn, '/', event_index) as position
         from afterglow_internal.state_fraud where not deleted`,
    );
    return new Map(rows.map(({ key, position }) => [key, position]));
  };
  const notices = async (): Promise<readonly PartitionNotice[]> =>
    (await readTopic(noticesTopic(definition.pipeline)))
      .map(({ value }) => JSON.parse(value?.toString() ?? '') as Notice)
      .filter((notice) => notice.kind === 'partition_maintenance');
  const jobs = async (): Promise<readonly RedoJob[]> =>
    (await listRedoJobs(client, 100)).filter(({ reason }) => reason !== 'snapshot');
  return {
    pipeline,
    outcomes,
    notices,
    jobs,
    endedJobs: async () =>
      await until(
        async () => {
          const found = await jobs();
          return found.every(({ state }) => state === 'done') && found;
        },
        { deadlineMs: DEADLINE_MS, what: 'every job to end' },
      ),
    async pay(...keys) {
      const [regions, ids] = [0, 1].map((place) => keys.map((key) => key.split('/')[place]));
      await client.query(
        'insert into payments (region, id) select * from unnest($1::public.region[], $2::bigint[])',
        [regions, ids],
      );
    },
    async scored(...keys) {
      const wanted = [...keys].sort().join();
      let found = '';
      const isSo = async (): Promise<boolean> => {
        const { rows } = await client.query<{ key: string }>(
          "select concat(region, '/', id) as key from afterglow.fraud",
        );
        found = rows
          .map(({ key }) => key)
          .sort()
          .join();
        return found === wanted;
      };
      await until(isSo, { deadlineMs: DEADLINE_MS, what: `scores of exactly ${wanted}` }).catch(() => {});
      expect(found).toBe(wanted);
    },
    async swept(changes) {
      return await until(
        async () => {
          const newest = (await notices()).findLast(({ change }) => change === String(changes));
          return newest?.to_sweep.length === 0 && newest;
        },
        { deadlineMs: DEADLINE_MS, what: `change ${changes} to be followed`, everyMs: 500 },
      );
    },
    [Symbol.asyncDispose]: () => pipeline[Symbol.asyncDispose](),
  };
}
