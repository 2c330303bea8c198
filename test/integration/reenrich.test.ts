// Rows with results of an earlier definition, and only those, get new ones.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyInit } from '../../services/cli/init/apply.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { startChild } from '../support/child.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { projectFolder } from '../support/project-folder.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const ROWS = 400;
const NEW_ROWS = 5;
const FIRST_PART = 100;
const TABLES = `create table payments (id bigint generated always as identity primary key, amount float8 not null);
  insert into payments (amount) select n + 0.5 from generate_series(1, ${ROWS}) n`;

const text = (pipeline: string, version: string): string => `version: 1
pipeline: ${pipeline}
sources:
  payments: { table: public.payments, partitions: 2 }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "${version}" }
    input: [amount, a: "1", b: "1", c: "2", d: "-1", e: "2"]
    output: { score: float }
`;

async function rowsOfRevision({ client }: TestPipeline, revision: number): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int4 as count from afterglow_internal.state_fraud where revision = $1 and status = 'scored'",
    [revision],
  );
  return rows[0]?.count ?? 0;
}

const itemsOf = ({ awsLocal }: TestPipeline): number =>
  awsLocal.control.calls().operations.reduce((sum, { rows }) => sum + rows, 0);

test('reenrich asks again for rows of an earlier definition, none of the newest, and what --where leaves out stays', {
  timeout: 400_000,
}, async () => {
  await using pipeline = await createPipeline(18, (shipped) => text(nameOf(shipped), '1'), TABLES);
  const { client, definition, environment } = pipeline;
  await using first = pipeline.start('reader', 'enricher', 'writer');
  await first.ready();
  await until(async () => (await rowsOfRevision(pipeline, 1)) === ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'the first results',
  });
  await first[Symbol.asyncDispose]();

  const changed = text(definition.pipeline, '2');
  const again = parseDefinition(changed, 'afterglow.yaml', {}).definition;
  if (again === undefined) throw new Error('the new definition cannot be read');
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  await applyInit(client, admin, { definition: again });
  await admin.close();
  await using second = pipeline.startAs(again, 'reader', 'enricher', 'writer');
  await second.ready();
  // As large as no row before, so that no answer of theirs is known.
  await client.query('insert into payments (amount) select 10000 + n from generate_series(1, $1) n', [
    NEW_ROWS,
  ]);
  await until(async () => (await rowsOfRevision(pipeline, 2)) === NEW_ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'results of the new rows',
  });
  const paidBefore = itemsOf(pipeline);

  await using folder = projectFolder();
  writeFileSync(join(folder.path, 'afterglow.yaml'), changed);
  const reenrich = async (...options: readonly string[]): Promise<string> => {
    const asked = ['--config', join(folder.path, 'afterglow.yaml'), 'reenrich', 'fraud', ...options];
    await using command = await startChild('services/cli/main.ts', asked, { environment });
    expect(await command.ended).toEqual({ status: 0, signal: null });
    return command.output;
  };
  expect(await reenrich('--where', `id <= ${FIRST_PART}`)).toContain(
    `Job 2: ${FIRST_PART} rows of payments for fraud.`,
  );
  await until(async () => (await rowsOfRevision(pipeline, 2)) === FIRST_PART + NEW_ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'the first part',
  });
  expect(await rowsOfRevision(pipeline, 1)).toBe(ROWS - FIRST_PART);
  expect(await reenrich()).toContain(`Job 3: ${ROWS - FIRST_PART} rows of payments for fraud.`);
  await until(async () => (await rowsOfRevision(pipeline, 2)) === ROWS + NEW_ROWS, {
    deadlineMs: DEADLINE_MS,
    what: 'the rest',
  });
  expect(itemsOf(pipeline) - paidBefore).toBe(ROWS);
  expect(await reenrich()).toContain('Every result of fraud is of its definition of now.');
});

const nameOf = (shipped: string): string => /pipeline: (\w+)/.exec(shipped)?.[1] ?? '';
