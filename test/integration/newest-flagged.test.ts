// The list of newest flagged rows in the live view, on real tables.
import { expect, test } from 'vitest';
import { DatabaseReadings } from '../../services/cli/view/database-readings.ts';
import { createPipeline } from '../support/pipeline.ts';

const ROWS = `
  with one as (insert into customers (full_name, email, country) values ('A B', 'a@example.com', 'US') returning id)
  insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present,
    attempts_10m) select id, 1.99, 'Yours', 'digital', 'US', '4242', false, 9 from one, generate_series(1, 20)`;
const SCORED_AT_ONCE = `
  insert into afterglow.fraud (id, score, flagged, scored_at, cost_nano_usd)
    select id, 0.99, true, '2026-11-20T09:15:02Z', 0 from transactions order by hashint8(id)`;

test('rows scored at once stand in the order of their keys, so that they do not jump', async () => {
  await using pipeline = await createPipeline();
  const { client, definition, database } = pipeline;
  await client.query(ROWS);
  await client.query(SCORED_AT_ONCE);
  const newest = Array.from({ length: 12 }, (_, index) => String(20 - index));
  await using readings = new DatabaseReadings(database.url, definition);
  const { rows: payments } = await readings.flagged(true);
  expect(payments.map(([id]) => id)).toEqual(newest);
  const { rows: results } = await readings.flagged(false);
  expect(results.map(([, result]) => String((JSON.parse(result ?? '') as { id: number }).id))).toEqual(
    newest,
  );
});
