// What the writer finds when it starts and Kafka has lost outcomes that it had not taken.
import { expect, test } from 'vitest';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import {
  forgetGroup,
  forgetRecords,
  forgetsRecords,
  offsetsRemembered,
} from '../support/forgetting-kafka.ts';
import { writeAsItself } from '../support/own-login.ts';
import { createPipeline } from '../support/pipeline.ts';
import { topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 400_000;

async function pay(client: DatabaseClient, count: number): Promise<void> {
  await client.query(
    `insert into customers (id, full_name, email, country) overriding system value
     values (1, 'A', 'a@example.com', 'DE') on conflict do nothing`,
  );
  await client.query(
    `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     select 1, n, 'Shop', 'digital', 'US', '4242', false from generate_series(1, $1::int4) n`,
    [count],
  );
}

async function settled(client: DatabaseClient, expected: Readonly<Record<string, number>>): Promise<void> {
  const counts = async (): Promise<string> => {
    const { rows } = await client.query<{ status: string; count: number }>(
      'select fraud_status as status, count(*)::int4 as count from afterglow.transactions_enriched group by 1 order by 1',
    );
    return JSON.stringify(Object.fromEntries(rows.map(({ status, count }) => [status, count])));
  };
  await until(async () => (await counts()) === JSON.stringify(expected), {
    deadlineMs: DEADLINE_MS,
    what: `outcomes ${JSON.stringify(expected)}`,
  });
}

const DELETED = 10;
/** A deletion is an outcome and a tombstone. */
const OUTCOMES_AWAY = 20 + 2 * DELETED + 1;

test.each(['behind_log_start', 'offset_missing'])(
  'outcomes that Kafka lost before the writer took them (%s) are a gap: rows and deletes are redone, and nothing is paid again',
  { timeout: TEST_MAX_MS },
  async (kind) => {
    await using pipeline = await createPipeline();
    const { client, definition, awsLocal } = pipeline;
    const topic = enrichedTopic(definition.pipeline, 'fraud');
    const group = writerGroup(definition.pipeline);
    await forgetsRecords(topic);
    await pipeline.start('reader', 'enricher').ready();
    {
      await using writer = pipeline.start('writer');
      await writer.ready();
      await pay(client, 30);
      await settled(client, { scored: 30 });
      await offsetsRemembered(client, group);
    }
    const before = await topicSize(topic);
    await pay(client, 20);
    await client.query('delete from transactions where id <= $1', [DELETED]);
    await client.query('update transactions set amount = 7 where id = 11');
    await until(async () => (await topicSize(topic)) >= before + OUTCOMES_AWAY, {
      deadlineMs: DEADLINE_MS,
      what: 'the outcomes to be in Kafka',
    });
    await forgetRecords(topic);
    if (kind === 'offset_missing') await forgetGroup(group);
    const asked = awsLocal.control.calls().operations.reduce((sum, { rows }) => sum + rows, 0);

    {
      await using _one = await writeAsItself(pipeline);
      await using _other = await writeAsItself(pipeline);
      await settled(client, { scored: 40 });
      const gaps = await until(
        async () => {
          const found = await listGaps(client);
          return found.length > 0 && found.every(({ state }) => state === 'closed') ? found : undefined;
        },
        { deadlineMs: DEADLINE_MS, what: 'the gaps to be closed' },
      );
      const lost = gaps.filter(({ detail }) => detail.includes(kind));
      expect(lost).toMatchObject([
        { reason: 'group_offsets_lost', halts: false, counts: { deleted: DELETED } },
      ]);
      expect(lost[0]?.detail).toContain(group);
      const { rows: left } = await client.query(
        'select count(*)::int4 as results, count(*) filter (where id <= 10)::int4 as orphans from afterglow.fraud',
      );
      expect(left).toEqual([{ results: 40, orphans: 0 }]);
      await offsetsRemembered(client, group);
    }
    expect(awsLocal.control.calls().operations.reduce((sum, { rows }) => sum + rows, 0)).toBe(asked);
    const known = (await listGaps(client)).length;
    // The next start finds nothing lost.
    await pipeline.start('writer').ready();
    expect((await listGaps(client)).length).toBe(known);
  },
);
