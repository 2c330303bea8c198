// The shadow becomes what counts while rows are written and deleted: nothing is lost, nothing is doubled, and there is a way back.
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { exchange } from '../../services/cli/cutover/exchange.ts';
import { NewestResults, readEnriched } from '../../shared/client/index.ts';
import { enricherGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { audit } from '../support/audited.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { seededRandom } from '../support/random-workload.ts';
import { brokers } from '../support/stack.ts';
import { twoModels } from '../support/two-models.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
/** Each cut-over waits for enrichers to notice and to join their groups again. */
const TEST_MAX_MS = 900_000;
const ROWS = 150;
const SEED = 20_261_121;
/** Slow enough that four enrichers on a busy machine follow. */
const BETWEEN_WRITES_MS = 15;
const TABLES = `create table payments (id bigint generated always as identity primary key, amount float8 not null, note text not null);
  insert into payments (amount, note) select n, 'payment number ' || n from generate_series(1, ${ROWS}) n`;

const onlyFraud = (shipped: string): string => `${twoModels(3)(shipped)}    flag: score >= 0.5
`;
const text = (shipped: string): string => `${onlyFraud(shipped)}  embedding:
    from: payments
    model: { kind: titan-embedding, dimensions: 256, rate: 60000/m }
    input: [note]
  embedding_shadow:
    from: payments
    model: { kind: titan-embedding, dimensions: 512, rate: 60000/m }
    input: [note]
`;
const ENRICHMENTS = ['fraud', 'fraud_shadow', 'embedding', 'embedding_shadow'] as const;

/** Inserts, updates and deletes until it is told to stop. Returns how many of each there were. */
async function write(client: DatabaseClient, signal: AbortSignal): Promise<Record<string, number>> {
  const random = seededRandom(SEED);
  const done = { inserted: 0, updated: 0, deleted: 0 };
  while (await pause(BETWEEN_WRITES_MS, signal)) {
    const chance = random();
    const some =
      '(select id from payments order by id offset floor($1::float8 * (select count(*) from payments)) limit 1)';
    if (chance < 0.4) {
      const statement =
        "insert into payments (amount, note) values ($1::float8, 'a new payment ' || $1::float8)";
      await client.query(statement, [random() * 10_000]);
      done.inserted += 1;
    } else if (chance < 0.7) {
      const statement = `update payments set amount = amount + 1, note = note || ' again' where id = ${some}`;
      await client.query(statement, [random()]);
      done.updated += 1;
    } else {
      await client.query(`delete from payments where id = ${some}`, [random()]);
      done.deleted += 1;
    }
  }
  return done;
}

async function revisionsOf({ client }: TestPipeline, enrichment: string): Promise<readonly number[]> {
  const { rows } = await client.query<{ revision: number }>(
    `select distinct revision from afterglow_internal.state_${enrichment} where not deleted order by 1`,
  );
  return rows.map(({ revision }) => revision);
}

/** What a team that follows the topic from its beginning has in the end. */
async function followed(
  { definition }: TestPipeline,
  enrichment: string,
): Promise<ReadonlyMap<string, unknown>> {
  const newest = new NewestResults({ keysMax: 100_000 });
  const { pipeline } = definition;
  for await (const change of readEnriched({ brokers: [brokers()], pipeline, enrichment, read: 'present' })) {
    newest.apply(change);
  }
  return new Map([...newest.entries()].map(([key, { result, flagged }]) => [key, { ...result, flagged }]));
}

/** What the job of a cut-over has had read again is published a moment after it. */
async function followedTo(pipeline: TestPipeline, enrichment: string, table: ReadonlyMap<string, unknown>) {
  let newest: ReadonlyMap<string, unknown> = new Map();
  const isReached = async (): Promise<boolean> => {
    newest = await followed(pipeline, enrichment);
    return isDeepStrictEqual(newest, table);
  };
  const what = `the topic of ${enrichment} to say what the view does`;
  await until(isReached, { deadlineMs: DEADLINE_MS, everyMs: 500, what }).catch(() => {});
  expect(newest).toEqual(table);
}

async function shown({ client }: TestPipeline): Promise<ReadonlyMap<string, unknown>> {
  const { rows } = await client.query<{ id: string; score: number; flagged: boolean | null }>(
    'select id::text as id, fraud_score as score, fraud_flagged as flagged from afterglow.payments_enriched',
  );
  return new Map(
    rows.map(({ id, score, flagged }) => [
      `{"id":"${id}"}`,
      { score: Number(score), flagged: flagged ?? undefined },
    ]),
  );
}

const paidVectors = ({ awsLocal }: TestPipeline): number =>
  awsLocal.control
    .calls()
    .operations.filter(({ service }) => service.startsWith('bedrock'))
    .reduce((sum, { paid_calls }) => sum + paid_calls, 0);

test(
  `two cut-overs, one of them to vectors of another length, and a way back, under writes and deletes (seed ${SEED})`,
  async () => {
    await using pipeline = await createPipeline(18, text, TABLES);
    const { client, database } = pipeline;
    await using cli = await commandLine(pipeline, text);
    await using services = pipeline.start(
      'reader',
      'writer',
      ...ENRICHMENTS.map((name) => `enricher ${name}` as const),
    );
    await services.ready();
    await until(
      async () => {
        const { rows } = await client.query<{ count: number }>(
          `select count(*)::int4 as count from (${ENRICHMENTS.map((name) => `select 1 from afterglow_internal.state_${name}`).join(' union all ')}) all_of_them`,
        );
        return rows[0]?.count === ENRICHMENTS.length * ROWS;
      },
      { deadlineMs: DEADLINE_MS, what: 'the first results' },
    );
    const writing = new AbortController();
    const writer = await connectDatabase({ url: database.url, applicationName: 'test' });
    const written = write(writer, writing.signal);
    // Awaited below, whatever happens first.
    written.catch(() => {});
    try {
      expect((await audit(cli)).findings).toEqual([]);
      const both = await Promise.all([
        cli.run('cutover', 'fraud', '--yes'),
        cli.run('cutover', 'embedding', '--yes'),
      ]);
      for (const said of both) expect(said, said.error).toMatchObject({ status: 0 });
    } finally {
      writing.abort();
      for (const [what, count] of Object.entries(await written)) expect(count, what).toBeGreaterThan(0);
      await writer.end();
    }
    const audited = await audit(cli);
    expect(audited, audited.error).toMatchObject({ status: 0, findings: [] });
    for (const name of ENRICHMENTS) expect(audited.of(name)).toMatchObject({ outdated: 0, waiting: 0 });
    expect(await revisionsOf(pipeline, 'fraud')).toEqual([2]);
    expect(await revisionsOf(pipeline, 'fraud_shadow')).toEqual([1]);
    const { rows: lengths } = await client.query(
      'select distinct public.vector_dims(embedding) as length from afterglow.embedding',
    );
    expect(lengths).toEqual([{ length: 512 }]);
    const table = await shown(pipeline);
    await followedTo(pipeline, 'fraud', table);
    expect(new Set((await followed(pipeline, 'embedding')).keys())).toEqual(new Set(table.keys()));
    const { rows: requests } = await client.query<{ count: number }>(
      'select count(*)::int4 as count from afterglow_internal.request_cache',
    );
    // An equal change and redo that are under way at the same moment are paid by either purse.
    const count = requests[0]?.count ?? 0;
    expect(paidVectors(pipeline)).toBeGreaterThanOrEqual(count);
    expect(paidVectors(pipeline) - count).toBeLessThan(count / 50);
    const booked =
      "select sum(requests)::int4 as count from afterglow_internal.ledger where enrichment like 'embedding%'";
    await until(
      async () => (await client.query<{ count: number }>(booked)).rows[0]?.count === paidVectors(pipeline),
      { deadlineMs: DEADLINE_MS, what: 'every paid vector to be in the ledger, and no other' },
    );

    const back = await cli.run('cutover', 'fraud', '--back', '--yes');
    expect(back, back.error).toMatchObject({ status: 0 });
    const again = await audit(cli);
    expect(again, again.error).toMatchObject({ status: 0, findings: [] });
    expect(await revisionsOf(pipeline, 'fraud')).toEqual([1]);
    const tableOfBefore = await shown(pipeline);
    expect(tableOfBefore).not.toEqual(table);
    await followedTo(pipeline, 'fraud', tableOfBefore);
  },
  TEST_MAX_MS,
);

test(
  'a cut-over is refused while anything is wrong, and goes on where it was broken off',
  async () => {
    await using pipeline = await createPipeline(18, onlyFraud, TABLES);
    const { client, definition } = pipeline;
    await using cli = await commandLine(pipeline, onlyFraud);
    await using services = pipeline.start('reader', 'writer', 'enricher fraud');
    await using shadow = pipeline.start('enricher fraud_shadow');
    await Promise.all([services.ready(), shadow.ready()]);
    const before = (): Promise<readonly number[]> => revisionsOf(pipeline, 'fraud');
    await until(
      async () => (await shown(pipeline)).size === ROWS && (await audit(cli)).findings.length === 0,
      {
        deadlineMs: DEADLINE_MS,
        everyMs: 500,
        what: 'the first results',
      },
    );
    await client.query('create temp table taken as select * from afterglow.fraud_shadow where id = 7');
    await client.query('delete from afterglow.fraud_shadow where id = 7');
    const wrong = await cli.run('cutover', 'fraud', '--yes', '--wait', '20s');
    expect(wrong.status, wrong.error).toBe(1);
    expect(wrong.error).toContain('1 missing');
    await client.query('insert into afterglow.fraud_shadow select * from taken');
    const unasked = await cli.run('cutover', 'fraud');
    expect(unasked.status, unasked.error).toBe(4);
    expect(await before()).toEqual([1]);

    // The shadow is behind, and a row goes meanwhile.
    await shadow[Symbol.asyncDispose]();
    await client.query('delete from payments where id = 9');
    await until(
      async () => {
        const gone = 'select from afterglow_internal.state_fraud where key_id = 9 and deleted';
        return (await client.query(gone)).rowCount === 1;
      },
      { deadlineMs: DEADLINE_MS, what: 'the row to be gone' },
    );
    // As if the command had ended there.
    const logger = createLogger('test', 'silent');
    const kafka = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
    await exchange(client, kafka, definition, 'fraud', { counting: 1, shadow: 2 });
    expect(await before()).toEqual([2]);
    const groups = ['fraud', 'fraud_shadow'].map((name) => enricherGroup(definition.pipeline, name));
    await until(async () => (await kafka.membersOf(groups)) === 0, {
      deadlineMs: DEADLINE_MS,
      what: 'the enrichers to wait',
    });
    await kafka.close();
    await client.query("insert into payments (amount, note) values (4711, 'meanwhile')");
    await using after = pipeline.start('enricher fraud_shadow');
    const rest = await cli.run('cutover', 'fraud');
    expect(rest.status, rest.error).toBe(0);
    await after.ready();
    const audited = await audit(cli);
    expect(audited, audited.error).toMatchObject({ status: 0, findings: [] });
    await followedTo(pipeline, 'fraud', await shown(pipeline));
    expect((await shown(pipeline)).size).toBe(ROWS);
  },
  TEST_MAX_MS,
);
