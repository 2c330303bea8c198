// The application alters the type of a key: no result may come to stand beside another row.
import { expect, test } from 'vitest';
import { readSubjects } from '../../services/cli/audit/subject.ts';
import { applyInit } from '../../services/cli/init/apply.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { readEnrichmentTables } from '../../shared/side-tables/read-tables.ts';
import { redefinition } from '../../shared/side-tables/redefinition.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline } from '../support/pipeline.ts';
import { scored } from '../support/side-tables.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';
import { BOTH, createWriting, type TestWriting } from '../support/writing.ts';

const DEADLINE_MS = 120_000;
const payments = (type: string): string =>
  `create domain short_code as varchar(10); create domain narrow_code as short_code;
   create table payments (id ${type} primary key, amount float8 not null default 1, note text not null default '')`;

async function scores({ client }: TestWriting): Promise<unknown> {
  const { rows } = await client.query(
    `select id, score, key_id as state from afterglow.fraud full join afterglow_internal.state_fraud on id = key_id order by score`,
  );
  return rows;
}

const SHORT = 'ABCDEFGHIJ';
const LONG = 'ABCDEFGHIJKLM';

test.each([
  ['varchar(10)', 'varchar(20)'],
  ['char(10)', 'char(20)'],
  ['narrow_code', 'varchar(20)'],
])('results of a key that was widened from %s to %s stand beside their own rows', async (type, wider) => {
  await using writing = await createWriting(undefined, payments(type));
  const { client } = writing;
  await using _writer = writing.start();
  await writing.publish([scored(SHORT, 5, 0.1)]);
  await writing.caughtUp();
  await client.query(`alter table payments alter column id type ${wider}`);
  await writing.publish([scored(LONG, 6, 0.2)]);
  await writing.caughtUp();
  expect(await scores(writing)).toEqual([
    { id: SHORT, score: '0.1', state: SHORT },
    { id: LONG, score: '0.2', state: LONG },
  ]);
});

test('with a key of another type the writer waits and says so, the audit ends, and both go on after init', async () => {
  await using writing = await createWriting(undefined, payments('integer'));
  const { client, definition } = writing;
  await using writer = writing.start();
  await writing.publish([scored(1, 5, 0.1)]);
  await writing.caughtUp();
  await client.query('alter table payments alter column id type bigint');
  const large = 2 ** 40;
  await writing.publish([scored(large, 6, 0.2)]);
  await until(() => JSON.stringify(writer.readiness.missing).includes('key_type_changed'), {
    deadlineMs: DEADLINE_MS,
    what: 'the writer to name the change',
  });
  await expect(readSubjects(client, definition, ['payments'])).rejects.toMatchObject({
    code: 'key_type_changed',
    message: expect.stringContaining('Key column id of public.payments is bigint'),
  });
  const refused = await writer.registry.getSingleMetric('afterglow_writer_refused_total')?.get();
  expect(refused?.values).toEqual([]);
  await writing.init();
  await writing.caughtUp();
  expect(await readSubjects(client, definition, ['payments'])).toHaveLength(1);
  expect(await scores(writing)).toEqual([
    { id: '1', score: '0.1', state: '1' },
    { id: String(large), score: '0.2', state: String(large) },
  ]);
});

test('a session that has read its tables before keys and side tables were altered together is ended by its next look, and by no table that is missing', async () => {
  await using writing = await createWriting(BOTH, payments('date'));
  const { client, definition } = writing;
  const over = new AbortController();
  using _looking = { [Symbol.dispose]: () => over.abort() };
  const logger = createLogger('test', 'silent');
  const before = await readEnrichmentTables(client, 'fraud');
  await client.query('alter table payments alter column id type timestamp');
  await writing.init();
  const now = await readEnrichmentTables(client, 'fraud');
  const missing = await readEnrichmentTables(client, 'embedding');
  await client.query('drop table afterglow.embedding cascade');
  const goingOn = redefinition(client, definition, [now], logger, over.signal);
  const ended = redefinition(client, definition, [missing, before], logger, over.signal);
  await until(() => ended.aborted, { deadlineMs: DEADLINE_MS, what: 'the session to end' });
  expect(ended.reason).toMatchObject({ kind: 'unavailable', code: 'key_type_changed' });
  expect(goingOn.aborted).toBe(false);
});

const PIPELINE = `sources:
  payments: { table: public.payments, partitions: 1 }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input: [amount, attempts: "1", present: "1", hour: "12", distance: "-1", place: "0"]
    output: { score: float }
`;

test('all services go on by themselves after init, and rows whose keys need the new type are enriched', {
  timeout: 240_000,
}, async () => {
  const own = (text: string): string => text.slice(0, text.indexOf('\nsources:') + 1) + PIPELINE;
  await using pipeline = await createPipeline(18, own, payments('integer'));
  const { client, definition } = pipeline;
  const scoredAre = (ids: readonly string[]): Promise<unknown> =>
    until(
      async () => {
        const { rows } = await client.query<{ id: string }>(
          'select id::text from afterglow.fraud order by id',
        );
        return JSON.stringify(rows.map(({ id }) => id)) === JSON.stringify(ids);
      },
      { deadlineMs: 2 * DEADLINE_MS, what: `results of ${ids.join(', ')}` },
    );
  await pipeline.start('reader', 'enricher', 'writer').ready();
  await client.query('insert into public.payments (id) values (1)');
  await scoredAre(['1']);
  await client.query('alter table public.payments alter column id type bigint');
  const large = String(2 ** 40);
  const isEnded = async (application: string): Promise<boolean> =>
    (
      await client.query(
        'select from pg_stat_activity where datname = current_database() and application_name like $1',
        [`% ${application}`],
      )
    ).rowCount === 0;
  await until(() => isEnded('enricher fraud'), {
    deadlineMs: DEADLINE_MS,
    what: 'the enricher to leave the database',
  });
  await client.query(`insert into public.payments (id) values (${large})`);
  const admin = await connectKafkaAdmin({
    brokers: [brokers()],
    clientId: 'test',
    logger: createLogger('test', 'silent'),
  });
  await applyInit(client, admin, { definition });
  await admin.close();
  await scoredAre(['1', large]);
});
