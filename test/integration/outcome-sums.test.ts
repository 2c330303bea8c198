// Nothing silent: what the reader says it published of a table is what each enricher says it answered or passed.
import { expect, test } from 'vitest';
import type { ProgressEvent } from '../../shared/contracts/events.ts';
import { progressTopic } from '../../shared/contracts/topics.ts';
import { createRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import type { Telemetry } from '../../shared/telemetry/http.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { createEnrichment, fraud, type TestEnrichment } from '../support/enrichment.ts';
import { readerHere } from '../support/services-here.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const PARTITIONS = 3;
const REFUSED_AMOUNT = 66.5;

async function sumOf({ registry }: Telemetry, name: string): Promise<Readonly<Record<string, number>>> {
  const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.status ?? 'passed'), value]));
}

async function published({ definition }: TestEnrichment): Promise<number> {
  const records = await readTopic(progressTopic(definition.pipeline));
  return records
    .map(({ value }) => JSON.parse(String(value)) as ProgressEvent)
    .reduce((sum, event) => (event.table === 'public.payments' ? sum + event.published : sum), 0);
}

test('published = outcomes + passed, for every enrichment, whatever the changes were', {
  timeout: 400_000,
}, async () => {
  await using setting = await createEnrichment(fraud('fraud') + fraud('fraud_second'));
  const { client, awsLocal } = setting;
  awsLocal.control.addFault({
    input: { column: 0, equals: REFUSED_AMOUNT },
    fault: { kind: 'model_error', original_status: 400 },
  });
  await using _reader = await readerHere(setting);
  const enrichers = [setting.start('fraud'), setting.start('fraud_second')] as const;
  const told = () =>
    Promise.all(
      enrichers.map(async (enricher) => ({
        ...(await sumOf(enricher, METRIC.enricher.outcomes)),
        ...(await sumOf(enricher, METRIC.enricher.passed)),
      })),
    );
  const total = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((sum, count) => sum + count, 0);
  const reached = async (wanted: number): Promise<void> => {
    const isReached = async () => (await told()).every((counts) => total(counts) >= wanted);
    const what = `${wanted} changes to be answered or passed`;
    await until(isReached, { deadlineMs: DEADLINE_MS, everyMs: 200, what }).catch(async (error: Error) => {
      throw new Error(JSON.stringify(await told()), { cause: error });
    });
  };

  await client.query(
    `insert into payments (id, amount, place) select id, case when id % 50 = 7 then ${REFUSED_AMOUNT} else id end,
            case when id % 40 = 3 then 'sea' else 'shop' end from generate_series(1, 200) id`,
  );
  await client.query('update payments set amount = amount + 1 where id > 150 and amount <> $1', [
    REFUSED_AMOUNT,
  ]);
  await client.query('update payments set id = id + 10000 where id <= 5');
  await client.query('delete from payments where id between 20 and 29');
  await client.query('delete from payments where amount = $1', [REFUSED_AMOUNT]);
  // 200 rows, 49 updates, 5 times a delete and a row, 14 deletes.
  const changes = 200 + 49 + 2 * 5 + 14;
  await reached(changes);
  await createRedoJob(client, {
    schema: 'public',
    table: 'payments',
    reason: 'reenrich',
    enrichments: ['fraud'],
  });
  const redone = 186;
  await reached(changes + redone);
  await client.query('truncate payments');
  await reached(changes + redone + PARTITIONS);
  await until(async () => (await published(setting)) >= changes + redone + 1, {
    deadlineMs: DEADLINE_MS,
    everyMs: 500,
    what: 'the progress of the truncate',
  });

  const [first, second] = await told();
  expect(first).toEqual({ scored: 424, failed: 16, deleted: 19, truncated: PARTITIONS, passed: 0 });
  expect(second).toEqual({ scored: 243, failed: 11, deleted: 19, truncated: PARTITIONS, passed: redone });
  const sum = await published(setting);
  // A truncate is one change, and reaches every partition.
  for (const counts of [first, second]) expect(total(counts ?? {})).toBe(sum + PARTITIONS - 1);
});
