import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyInit } from '../../../services/cli/init/apply.ts';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { connectDatabase } from '../../../shared/postgres/connect.ts';
import { type Parts, REPOSITORY } from '../reader/parts.ts';

/** What the definition makes of such a row, as the enricher would write it. */
const INPUT = `format('[[%s,1,0,%s,%s,6],null]', amount::int4, extract(hour from occurred_at), coalesce(distance_from_home_km, -1))`;

/** The shipped definition, the demo's tables, and as many purchases with the outcome that each asks for. */
export async function prepare({ databaseUrl, kafka, folder }: Parts, rows: number): Promise<void> {
  const text = await readFile(join(REPOSITORY, 'afterglow.yaml'), 'utf8');
  await writeFile(join(folder, 'afterglow.yaml'), text);
  const { definition } = parseDefinition(text, 'afterglow.yaml', {});
  if (definition === undefined) throw new Error('the shipped definition has mistakes');
  const client = await connectDatabase({ url: databaseUrl, applicationName: 'bench', statementTimeoutMs: 0 });
  try {
    await client.query(await readFile(join(REPOSITORY, 'services/cli/demo/schema.sql'), 'utf8'));
    await applyInit(client, kafka, { definition });
    await client.query(
      "insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')",
    );
    await client.query(
      `insert into transactions (customer_id, kind, amount, merchant_name, merchant_category, merchant_country, card_last4,
              card_present, distance_from_home_km, occurred_at)
       select 1, (case when n % 20 = 0 then 'refund' else 'purchase' end)::transaction_kind, 1 + n % 5000, 'Shop ' || n % 100,
              'digital', 'US', '4242', false, case when n % 2 = 0 then n % 90 end, timestamptz '2026-11-20 09:15Z' + n * interval '1 s'
         from generate_series(1, $1::int4) n`,
      [rows],
    );
    await client.query(
      `insert into afterglow_internal.state_fraud (key_id, epoch, commit_lsn, event_index, revision, status, reason, input_hash, as_of, committed_at)
       select id, 0, '0/1', 0, 1, case kind when 'refund' then 'skipped' else 'scored' end, case kind when 'refund' then 'when' end,
              case kind when 'refund' then null else sha256(convert_to(${INPUT}, 'utf8')) end, occurred_at, occurred_at
         from transactions order by id`,
    );
    await client.query(
      `insert into afterglow.fraud (id, score, scored_at, cost_nano_usd)
       select id, 0.5, occurred_at, 0 from transactions where kind = 'purchase' order by id`,
    );
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}
