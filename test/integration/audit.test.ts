// The audit against the real pipeline: what is planted is found, all of it and nothing else, while writes go on.
import { describe, expect, test } from 'vitest';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { audit } from '../support/audited.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
/** Seven audits, each of which may wait as long as WAIT says. */
const TEST_MAX_MS = 900_000;
const WAIT = ['--wait', '90s'] as const;
/** An input that ages: what it was depends on when it was asked. */
const withChurn = (text: string): string =>
  text.replace(/^sources:/m, 'sources:\n  customers: { table: public.customers }').replace(
    /^enrichments:.*$/m,
    `enrichments:
  churn:
    from: customers
    model: { kind: sagemaker, endpoint: churn-xgboost, version: "1" }
    input:
      - days_since_login: days(now - last_login_at.orValue(signed_up_at))
      - logins_30d
      - purchases_90d
      - support_tickets_90d
      - account_age_days: days(now - signed_up_at)
    output: { probability: float }`,
  );
const ALL = [
  'reader',
  'enricher',
  'enricher sentiment',
  'enricher embedding',
  'enricher churn',
  'writer',
] as const;

async function pay(client: DatabaseClient, count: number): Promise<void> {
  await client.query(
    `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     select 1, 20 + n, 'Shop', 'digital', 'US', '4242', false from generate_series(1, $1::int4) n`,
    [count],
  );
}

async function review(client: DatabaseClient, count: number, body: string): Promise<void> {
  await client.query(
    `insert into reviews (customer_id, product_name, rating, language, title, body)
     select 1, 'Lamp', 4, 'en', 'Title ' || n, $2 from generate_series(1, $1::int4) n`,
    [count, body],
  );
}

async function settled({ client }: TestPipeline): Promise<void> {
  const pending = `select count(*)::int4 as count from (
    select from afterglow.transactions_enriched where fraud_status = 'pending' union all
    select from afterglow.reviews_enriched where sentiment_status = 'pending' or embedding_status = 'pending' union all
    select from afterglow.customers_enriched where churn_status = 'pending') as pending`;
  await until(async () => (await client.query<{ count: number }>(pending)).rows[0]?.count === 0, {
    deadlineMs: DEADLINE_MS,
    what: 'an outcome of every row',
  });
}

/** Inserts, updates and deletes of rows that the test plants nothing in, until it ends. */
function writes({ database }: TestPipeline): AsyncDisposable & { readonly count: () => number } {
  const stopping = new AbortController();
  let count = 0;
  const writing = (async () => {
    const client = await connectDatabase({ url: database.url, applicationName: 'test writes' });
    try {
      do {
        await pay(client, 3);
        await client.query(
          'update transactions set amount = amount + 1 where id in (select id from transactions where id > 1000 order by random() limit 3)',
        );
        await client.query(
          "update transactions set status = 'settled' where id in (select id from transactions where id > 1000 order by random() limit 2)",
        );
        await client.query(
          "update transactions set kind = 'refund' where id in (select id from transactions where id > 1000 order by random() limit 1)",
        );
        await client.query(
          'delete from transactions where id in (select id from transactions where id > 1000 order by random() limit 1)',
        );
        count++;
      } while (await pause(5, stopping.signal));
    } finally {
      await client.end();
    }
  })();
  writing.catch(() => {});
  return {
    count: () => count,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await writing;
    },
  };
}

interface Holes {
  readonly sql: string;
  readonly enrichment: string;
  readonly finding: string;
  readonly reason: string;
  readonly key: Readonly<Record<string, string>>;
}

const HASH = "decode(repeat('00', 32), 'hex')";
const hole = (enrichment: string, id: number, finding: string, reason: string, sql: string): Holes => ({
  sql,
  enrichment,
  finding,
  reason,
  key: { id: String(id) },
});
const STATE = 'afterglow_internal.state_';
const HOLES: readonly Holes[] = [
  hole('fraud', 1, 'missing', 'no_state', `delete from ${STATE}fraud where key_id = 1`),
  hole('fraud', 2, 'missing', 'no_result', 'delete from afterglow.fraud where id = 2'),
  hole('fraud', 3, 'stale', 'input', `update ${STATE}fraud set input_hash = ${HASH} where key_id = 3`),
  hole(
    'fraud',
    4,
    'stale',
    'result_left',
    `update ${STATE}fraud set status = 'skipped', reason = 'when', input_hash = null where key_id = 4`,
  ),
  hole(
    'fraud',
    5,
    'stale',
    'status',
    `with gone as (delete from afterglow.fraud where id = 5) update ${STATE}fraud set status = 'skipped', reason = 'when', input_hash = null where key_id = 5`,
  ),
  hole(
    'fraud',
    6,
    'missing',
    'no_state',
    `with gone as (delete from afterglow.fraud where id = 6) update ${STATE}fraud set status = 'deleted', input_hash = null where key_id = 6`,
  ),
  hole(
    'fraud',
    900,
    'orphaned',
    'no_row',
    `insert into ${STATE}fraud (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at) select 900, epoch, commit_lsn, event_index, revision, status, as_of, committed_at from ${STATE}fraud where key_id = 7`,
  ),
  hole(
    'fraud',
    901,
    'orphaned',
    'no_row',
    'insert into afterglow.fraud (id, score, scored_at, cost_nano_usd) values (901, 0.5, now(), 0)',
  ),
  hole(
    'fraud',
    8,
    'stale',
    'ahead',
    `update ${STATE}fraud set commit_lsn = commit_lsn + 1099511627776 where key_id = 8`,
  ),
  hole(
    'fraud',
    902,
    'stale',
    'ahead',
    `insert into ${STATE}fraud (key_id, epoch, commit_lsn, event_index, revision, status, as_of, committed_at) select 902, epoch + 1, '0/1', 0, revision, 'deleted', as_of, committed_at from ${STATE}fraud where key_id = 7`,
  ),
  hole('sentiment', 3, 'stale', 'ahead', `update ${STATE}sentiment set epoch = epoch + 1 where key_id = 3`),
  hole(
    'sentiment',
    1,
    'stale',
    'input',
    `update ${STATE}sentiment set input_hash = ${HASH} where key_id = 1`,
  ),
  hole(
    'sentiment',
    4,
    'stale',
    'status',
    `with gone as (delete from afterglow.sentiment where id = 4) update ${STATE}sentiment set status = 'skipped', reason = 'unsupported_language' where key_id = 4`,
  ),
  hole('sentiment', 2, 'missing', 'no_state', `delete from ${STATE}sentiment where key_id = 2`),
  hole('embedding', 1, 'missing', 'no_result', 'delete from afterglow.embedding where id = 1'),
  hole('embedding', 5, 'stale', 'chunks', 'delete from afterglow.embedding where id = 5 and chunk = 1'),
  hole(
    'embedding',
    6,
    'stale',
    'chunks',
    'insert into afterglow.embedding select id, 9, chunk_start, chunk_end, tokens, embedding, flagged, decision, rule, policy_version, scored_at, cost_nano_usd from afterglow.embedding where id = 6 and chunk = 0',
  ),
  hole(
    'churn',
    1,
    'stale',
    'input',
    `update ${STATE}churn set as_of = as_of + interval '3 days' where key_id = 1`,
  ),
];

/** What the other commands say of the last audit. */
async function shownAudits(cli: CommandLine) {
  const status = await cli.run('status', '--json');
  const doctor = await cli.run('doctor', '--json');
  const { findings } = JSON.parse(doctor.out) as { findings: { outcome: string; message: string }[] };
  return {
    status: (JSON.parse(status.out) as { audits: unknown }).audits,
    doctor: findings.filter(({ message }) => message.startsWith('audit of ')).map(({ outcome }) => outcome),
  };
}

async function expectClean(cli: CommandLine): Promise<void> {
  const { findings, status, error } = await audit(cli, ...WAIT);
  expect({ findings, status, error }).toEqual({ findings: [], status: 0, error: '' });
}

describe('the audit', () => {
  test('finds each kind of planted hole while writes go on, and nothing else; --repair closes all of them', {
    timeout: TEST_MAX_MS,
  }, async () => {
    await using pipeline = await createPipeline(18, withChurn);
    await using cli = await commandLine(pipeline, withChurn);
    const { client } = pipeline;
    await client.query(
      "insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE'), ('B', 'b@example.com', 'FR')",
    );
    await pipeline.start(...ALL).ready();
    await pay(client, 10);
    await client.query("update transactions set kind = 'refund' where id = 10");
    await review(client, 4, 'A lamp as it should be, bright and quiet.');
    // Long enough for several chunks.
    await review(client, 2, 'The lamp is bright. '.repeat(3_000));
    // Skipped by the model, not by `when`: a language that it does not know, and nothing to embed.
    await client.query(
      "insert into reviews (customer_id, product_name, rating, language, title, body) values (1, 'Lamp', 4, 'tlh', 'wovmoHwI', 'QaQqu mo, jIQuch, tlhIngan maH'), (1, 'Lamp', 4, 'en', '', '')",
    );
    await settled(pipeline);
    await client.query('alter table transactions alter column id restart with 1001');
    const { rows: skipped } = await client.query(
      'select sentiment_status, embedding_status from afterglow.reviews_enriched where id > 6 order by id',
    );
    expect(skipped).toMatchObject([
      { sentiment_status: 'skipped', embedding_status: 'scored' },
      { sentiment_status: 'skipped', embedding_status: 'skipped' },
    ]);
    await using writing = writes(pipeline);
    await until(() => writing.count() > 20, { deadlineMs: DEADLINE_MS, what: 'some writes' });
    await expectClean(cli);

    for (const { sql } of HOLES) await client.query(sql);
    const before = writing.count();
    const found = await audit(cli, ...WAIT);
    const planted = HOLES.map(({ enrichment, finding, reason, key }) => ({
      enrichment,
      finding,
      reason,
      key,
    }));
    const sorted = (each: readonly unknown[]): readonly string[] =>
      each.map((one) => JSON.stringify(one)).toSorted();
    expect(sorted(found.findings)).toEqual(sorted(planted));
    expect(found.status).toBe(1);
    expect(found.of('fraud')).toMatchObject({ missing: 3, stale: 5, orphaned: 2, waiting: 0, outdated: 0 });

    const shown = await shownAudits(cli);
    expect(shown.status).toMatchObject([
      { enrichment: 'churn', missing: 0, stale: 1 },
      { enrichment: 'embedding', missing: 1, stale: 2 },
      { enrichment: 'fraud', missing: 3, stale: 5, orphaned: 2, waiting: 0, since_seconds: null },
      { enrichment: 'sentiment', missing: 1, stale: 3 },
    ]);
    expect(shown.doctor).toEqual(['failed', 'failed', 'failed', 'failed']);

    const repaired = await cli.run('audit', '--repair', ...WAIT);
    expect(repaired).toMatchObject({ status: 0, error: '' });
    expect(repaired.out).toContain('Job');
    expect((await shownAudits(cli)).doctor).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(repaired.out).toMatch(/fraud: [\d,]+ rows of transactions: nothing is wrong/);
    await expectClean(cli);
    expect(writing.count()).toBeGreaterThan(before);
    const { rows } = await client.query(
      "select count(*)::int4 as redone from afterglow_internal.redo_jobs where reason = 'repair' and rows_done between 1 and 10",
    );
    expect(rows).toEqual([{ redone: 4 }]);

    // A program that is newer than its set-up audits all the same.
    await client.query('drop table afterglow_internal.audits');
    const unkept = await audit(cli, 'customers', ...WAIT);
    expect(unkept).toMatchObject({ status: 0, findings: [] });
    expect(unkept.error).toContain('status and doctor will not show this audit');
    expect(await shownAudits(cli)).toEqual({ status: [], doctor: [] });
  });
});
