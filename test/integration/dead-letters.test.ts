import { expect, test } from 'vitest';
import type { ChangeEvent } from '../../shared/contracts/events.ts';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 90_000;
const TEST_MAX_MS = 480_000;
const AMOUNT_COLUMN = 0;
const withoutCash = (text: string): string => text.replace(', "cash"]', ']');

async function statuses({ client }: TestPipeline): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ id: string; status: string }>(
    'select id, fraud_status as status from afterglow.transactions_enriched order by id',
  );
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]));
}

async function pay({ client }: TestPipeline, amount: number, category: string): Promise<void> {
  await client.query(
    `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     values (1, $1, 'Shop', $2, 'US', '4242', false)`,
    [amount, category],
  );
}

test('failures are listed, shown, replayed once their cause is mended, and dropped', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using pipeline = await createPipeline(18, withoutCash);
  await using cli = await commandLine(pipeline, withoutCash);
  const { client, awsLocal } = pipeline;
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  const poison = awsLocal.control.addFault({
    input: { column: AMOUNT_COLUMN, equals: 66.6 },
    fault: { kind: 'model_error', original_status: 400 },
  });
  await pipeline.start('reader', 'enricher', 'writer').ready();
  expect(await cli.run('dead', 'list')).toMatchObject({ status: 0, out: 'No row has failed.\n' });
  await pay(pipeline, 20, 'digital');
  await pay(pipeline, 66.6, 'digital');
  await pay(pipeline, 30, 'cash');
  // A refusal is believed once the model has taken something else.
  await pay(pipeline, 40, 'digital');
  const settled = (expected: Readonly<Record<string, string>>) =>
    until(async () => JSON.stringify(await statuses(pipeline)) === JSON.stringify(expected), {
      deadlineMs: DEADLINE_MS,
      what: `outcomes ${JSON.stringify(expected)}`,
    });
  await settled({ 1: 'scored', 2: 'failed', 3: 'failed', 4: 'scored' });

  const listed = await cli.run('dead', 'list', '--json');
  expect(listed.status).toBe(1);
  const failures = listed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown> & { readonly id: string });
  expect(failures.map(({ key, kind, code }) => ({ key, kind, code }))).toEqual(
    expect.arrayContaining([
      { key: { id: '2' }, kind: 'rejected_item', code: 'ModelError_400' },
      { key: { id: '3' }, kind: 'input', code: 'not_in_list' },
    ]),
  );
  const idOf = (kind: string): string => failures.find((failure) => failure.kind === kind)?.id ?? '';

  const first = await cli.run('dead', 'list', '--limit', '1');
  expect(first.out).toContain(`2 in all; the next page: --after ${failures[0]?.id}`);
  const second = await cli.run('dead', 'list', '--limit', '1', '--after', failures[0]?.id ?? '', '--json');
  expect(JSON.parse(second.out)).toMatchObject({ id: failures[1]?.id });
  const filtered = await cli.run('dead', 'list', '--kind', 'input', '--since', '1h', '--enrichment', 'fraud');
  expect(filtered.out).toContain('(1 row)');
  expect((await cli.run('dead', 'list', '--code', 'Nothing')).status).toBe(0);

  const shown = await cli.run('dead', 'show', idOf('rejected_item').slice(0, 8));
  expect(shown.out).toContain('fraud, id=2');
  expect(shown.out).toMatch(
    /stage enrich, \d+ attempts?, HTTP 424, request \S+, model sagemaker fraud-xgboost/,
  );
  const original = await cli.run('dead', 'show', idOf('rejected_item'), '--original');
  expect((JSON.parse(original.out) as ChangeEvent).after).toMatchObject({ id: '2', amount: '66.60' });

  expect(await cli.run('dead', 'replay')).toMatchObject({ status: 2 });
  awsLocal.control.removeFault(poison);
  const replayed = await cli.run('dead', 'replay', '--code', 'ModelError_400', '--detach');
  expect(replayed.status).toBe(0);
  expect(replayed.out).toMatch(/^Job \d+: 1 failed row for fraud\.\n$/);
  await settled({ 1: 'scored', 2: 'scored', 3: 'failed', 4: 'scored' });
  // The reader notes what it has done once Kafka has it: the row may be scored before.
  const job = await until(
    async () =>
      (await listRedoJobs(client, 10)).find(({ reason, state }) => reason === 'replay' && state === 'done'),
    { deadlineMs: DEADLINE_MS, what: 'the end of the job' },
  );
  expect(job).toMatchObject({ reason: 'replay', byKeys: true, rowsDone: 1, enrichments: ['fraud'] });

  // Its cause is not mended: it fails again, and is archived again.
  expect(await cli.run('dead', 'replay', idOf('input'), '--detach')).toMatchObject({ status: 0 });
  expect(await cli.run('dead', 'drop', '--all')).toMatchObject({ status: 4 });
  const again = await until(
    async () => {
      const { rows } = await client.query<{ id: string }>(
        'select dead_letter_id as id from afterglow_internal.state_fraud where key_id = 3 and dead_letter_id <> $1',
        [idOf('input')],
      );
      return rows[0]?.id;
    },
    { deadlineMs: DEADLINE_MS, what: 'the second failure of the other row' },
  );
  expect((await cli.run('dead', 'drop', again, '--yes')).out).toBe('1 failure is not listed any more.\n');
  expect((await cli.run('dead', 'list')).out).toBe('No row has failed.\n');
  expect(await statuses(pipeline)).toEqual({ 1: 'scored', 2: 'scored', 3: 'failed', 4: 'scored' });
});
