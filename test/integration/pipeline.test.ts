import { describe, expect, test } from 'vitest';
import { cdcTopic, enrichedTopic } from '../../shared/contracts/topics.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;

interface Payment {
  readonly amount: number;
  readonly attempts: number;
  readonly kind?: 'purchase' | 'refund';
}

async function addCustomer(client: DatabaseClient): Promise<void> {
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
}

/** Each in its own transaction, as an application commits them. */
async function pay(client: DatabaseClient, payments: readonly Payment[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { amount, attempts, kind } of payments) {
    const { rows } = await client.query<{ id: string }>(
      `insert into transactions (customer_id, kind, amount, merchant_name, merchant_category, merchant_country, card_last4,
         card_present, attempts_10m, occurred_at)
       values (1, $1, $2, 'Shop', 'digital', 'US', '4242', false, $3, '2026-11-20 02:00:00+00') returning id`,
      [kind ?? 'purchase', amount, attempts],
    );
    ids.push(rows[0]?.id ?? '');
  }
  return ids;
}

async function statusCounts(client: DatabaseClient): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ status: string; count: number }>(
    'select fraud_status as status, count(*)::int4 as count from afterglow.transactions_enriched group by 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

const ordinary: Payment = { amount: 25, attempts: 1 };
const cardTesting: Payment = { amount: 1.2, attempts: 9 };

describe.each([16, 18] as const)('a row on PostgreSQL %i', (version) => {
  test('gets its score, flag and decision beside it; what `when` leaves out is skipped', async () => {
    await using pipeline = await createPipeline(version);
    const { client } = pipeline;
    await addCustomer(client);
    await pipeline.start('reader', 'enricher', 'writer').ready();
    const [plain, attack, refund] = await pay(client, [
      ordinary,
      cardTesting,
      { ...ordinary, kind: 'refund' },
    ]);
    await until(async () => (await statusCounts(client)).pending === undefined, {
      deadlineMs: DEADLINE_MS,
      what: 'every row to have its outcome',
    });
    const { rows } = await client.query<Record<string, unknown>>(
      'select id, fraud_status, fraud_score, fraud_flagged, fraud_decision from afterglow.transactions_enriched order by id',
    );
    expect(rows).toMatchObject([
      { id: plain, fraud_status: 'scored', fraud_flagged: false, fraud_decision: 'accept' },
      { id: attack, fraud_status: 'scored', fraud_flagged: true, fraud_decision: 'hold' },
      { id: refund, fraud_status: 'skipped', fraud_score: null, fraud_flagged: null },
    ]);
  });
});

describe('the pipeline', () => {
  test('follows updates, deletes and truncates: no result outlives its row or its reason', async () => {
    await using pipeline = await createPipeline();
    const { client } = pipeline;
    await addCustomer(client);
    await pipeline.start('reader', 'enricher', 'writer').ready();
    const [edited, deleted] = await pay(client, [cardTesting, ordinary, ordinary]);
    const settled = async (expected: Record<string, number>): Promise<void> => {
      await until(async () => JSON.stringify(await results(client)) === JSON.stringify(expected), {
        deadlineMs: DEADLINE_MS,
        what: `results ${JSON.stringify(expected)}`,
      });
    };
    await settled({ results: 3, flagged: 1 });
    await client.query("update transactions set kind = 'refund' where id = $1", [edited]);
    await settled({ results: 2, flagged: 0 });
    await client.query('delete from transactions where id = $1', [deleted]);
    await settled({ results: 1, flagged: 0 });
    await client.query('truncate transactions cascade');
    await settled({ results: 0, flagged: 0 });
    const [later] = await pay(client, [cardTesting]);
    await settled({ results: 1, flagged: 1 });
    const { rows } = await client.query<{ id: string }>('select id from afterglow.fraud');
    expect(rows.map(({ id }) => id)).toEqual([later]);
  });

  test('a poisoned row fails alone, with its reason, and its neighbours are scored', async () => {
    await using pipeline = await createPipeline();
    const { client, awsLocal } = pipeline;
    await addCustomer(client);
    const AMOUNT_COLUMN = 0;
    awsLocal.control.addFault({
      input: { column: AMOUNT_COLUMN, equals: 66.6 },
      fault: { kind: 'model_error', original_status: 400 },
    });
    await pipeline.start('reader').ready();
    await pay(client, [
      ...Array<Payment>(20).fill(ordinary),
      { amount: 66.6, attempts: 1 },
      ...Array<Payment>(20).fill(ordinary),
    ]);
    pipeline.start('enricher', 'writer');
    await until(async () => (await statusCounts(client)).pending === undefined, {
      deadlineMs: DEADLINE_MS,
      what: 'every row to have its outcome',
    });
    expect(await statusCounts(client)).toEqual({ scored: 40, failed: 1 });
    const { rows } = await client.query<Record<string, unknown>>(
      "select failure_kind, dead_letter_id is not null as archived from afterglow_internal.state_fraud where status = 'failed'",
    );
    expect(rows).toEqual([{ failure_kind: 'rejected_item', archived: true }]);
  });

  test('what the database refuses fails alone, and strange records on the topics block nobody', async () => {
    await using pipeline = await createPipeline();
    const { client, definition } = pipeline;
    await addCustomer(client);
    await pipeline.start('reader', 'enricher', 'writer').ready();
    const [strange] = await pay(client, [ordinary]);
    await until(async () => (await statusCounts(client)).scored === 1, {
      deadlineMs: DEADLINE_MS,
      what: 'a score',
    });
    const topic = enrichedTopic(definition.pipeline, 'fraud');
    const [record] = await readTopic(topic);
    const event = JSON.parse(String(record?.value)) as Record<string, unknown>;
    const source = { ...(event.source as object), epoch: 2 };
    {
      await using producer = await connectProducer({
        brokers: [brokers()],
        clientId: 'test',
        logger: createLogger('test', 'silent'),
      });
      const send = (key: string, value: unknown, to = topic) =>
        producer.send([{ topic: to, partition: 0, key, value: JSON.stringify(value) }]);
      await send('{"id":"7"}', { ...event, source, as_of: '2026-99-99T00:00:00.000000Z' });
      await send('{"id":"x"}', { ...event, source, key: { id: 'x' } });
      await send('{}', { ...event, source, key: {} });
      await send('{"id":"7"}', { ...event, source, enriched_at: '2026-99-99T00:00:00.000000Z' });
      await send('{}', { op: 'c' }, cdcTopic(definition.pipeline, 'public', 'transactions'));
    }
    const [later] = await pay(client, [ordinary]);
    await until(
      async () => {
        const { rows } = await client.query('select from afterglow.fraud where id = $1', [later]);
        return rows.length === 1;
      },
      { deadlineMs: DEADLINE_MS, what: 'the row behind the strange records to be scored' },
    );
    // It may be on another partition than the one that was scored behind it.
    const rows = await until(
      async () => {
        const { rows: found } = await client.query<{ status: string }>(
          'select status, failure_kind, failure_code from afterglow_internal.state_fraud where key_id = $1',
          [strange],
        );
        return found[0]?.status === 'failed' && found;
      },
      { deadlineMs: DEADLINE_MS, what: 'the refused outcome to be failed' },
    );
    expect(rows).toEqual([{ status: 'failed', failure_kind: 'refused_by_database', failure_code: '22008' }]);
  });

  test('a model that is away delays results and loses none; the reader and its slot go on', async () => {
    await using pipeline = await createPipeline();
    const { client, awsLocal } = pipeline;
    await addCustomer(client);
    const outage = awsLocal.control.addFault({ fault: { kind: 'error', status: 503 } });
    await pipeline.start('reader', 'enricher', 'writer').ready();
    await pay(client, Array<Payment>(30).fill(ordinary));
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    await until(async () => await acknowledged(client, rows[0]?.lsn ?? ''), {
      deadlineMs: DEADLINE_MS,
      what: 'the slot to pass the rows while the model is away',
    });
    expect(await statusCounts(client)).toEqual({ pending: 30 });
    awsLocal.control.removeFault(outage);
    await until(async () => (await statusCounts(client)).scored === 30, {
      deadlineMs: DEADLINE_MS,
      what: 'all rows to be scored after the outage',
    });
  });

  test('all services restarted in between: every row has its outcome, and none has two results', async () => {
    await using pipeline = await createPipeline();
    const { client } = pipeline;
    await addCustomer(client);
    {
      await using first = pipeline.start('reader', 'enricher', 'writer');
      await first.ready();
      await pay(client, Array<Payment>(50).fill(ordinary));
      await until(async () => ((await statusCounts(client)).scored ?? 0) > 0, {
        deadlineMs: DEADLINE_MS,
        what: 'a score',
      });
    }
    await pay(client, Array<Payment>(50).fill(ordinary));
    pipeline.start('reader', 'enricher', 'writer');
    await until(async () => (await statusCounts(client)).scored === 100, {
      deadlineMs: DEADLINE_MS,
      what: 'all rows to be scored',
    });
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int4 as count from afterglow.fraud',
    );
    expect(rows).toEqual([{ count: 100 }]);
  });
});

async function results(client: DatabaseClient): Promise<{ results: number; flagged: number }> {
  const { rows } = await client.query<{ results: number; flagged: number }>(
    'select count(*)::int4 as results, (count(*) filter (where flagged))::int4 as flagged from afterglow.fraud',
  );
  return rows[0] ?? { results: -1, flagged: -1 };
}

async function acknowledged(client: DatabaseClient, lsn: string): Promise<boolean> {
  const { rows } = await client.query(
    'select from pg_replication_slots where database = current_database() and confirmed_flush_lsn >= $1',
    [lsn],
  );
  return rows.length > 0;
}
