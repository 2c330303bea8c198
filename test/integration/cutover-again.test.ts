// Around a cut-over: commands that are given twice, what others have on the tables, rows that would lose their score, the way back.
import { expect, test } from 'vitest';
import { exchange } from '../../services/cli/cutover/exchange.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { audit } from '../support/audited.ts';
import { commandLine } from '../support/command-line.ts';
import { enrichAsItself, writeAsItself } from '../support/own-login.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { twoModels } from '../support/two-models.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 900_000;
const ROWS = 30;
/** Without a score of the shadow. */
const FAILED = 7;
const TABLES = `create table payments (id bigint generated always as identity primary key, amount float8 not null);
  insert into payments (amount) select n from generate_series(1, ${ROWS}) n; analyze payments`;

const text = twoModels(1);
const edited = (shipped: string): string => text(shipped).replace('a: "1"', 'a: "2"');

async function revisionsOf({ client }: TestPipeline, enrichment: string): Promise<readonly number[]> {
  const { rows } = await client.query<{ revision: number }>(
    `select distinct revision from afterglow_internal.state_${enrichment} where not deleted order by 1`,
  );
  return rows.map(({ revision }) => revision);
}

const callsOf = ({ awsLocal }: TestPipeline): number =>
  awsLocal.control.calls().operations.reduce((sum, { calls }) => sum + calls, 0);

test(
  'what others have keeps its name, nobody loses a score unasked, and a command that comes twice does nothing',
  async () => {
    await using pipeline = await createPipeline(18, text, TABLES);
    const { client, definition } = pipeline;
    await using cli = await commandLine(pipeline, text);
    await using reader = pipeline.start('reader');
    await using _writer = await writeAsItself(pipeline);
    await using _fraud = await enrichAsItself(pipeline, 'fraud');
    await using _shadow = await enrichAsItself(pipeline, 'fraud_shadow');
    await reader.ready();
    await until(
      async () => {
        const both = `select from afterglow.fraud join afterglow.fraud_shadow using (id)
          where not exists (select from afterglow_internal.redo_jobs where finished_at is null)`;
        return (await client.query(both)).rowCount === ROWS;
      },
      { deadlineMs: DEADLINE_MS, what: 'the results of both, and the job for them to be over' },
    );
    const analyst = `${definition.pipeline}_analyst`;
    await using cleanup = new AsyncDisposableStack();
    await client.query(`create role ${analyst}; grant select on afterglow.fraud to ${analyst};
      grant select (id) on afterglow.fraud to ${analyst} with grant option;
      create policy few on afterglow.fraud for select to ${analyst} using (id < 3);
      create index of_the_analyst on afterglow.fraud (scored_at);
      create view watched as select * from afterglow.fraud`);
    cleanup.defer(async () => {
      await client.query(`drop owned by ${analyst}; drop role ${analyst}`);
    });

    const built = await cli.run('cutover', 'fraud', '--yes');
    expect(built.status, built.error).toBe(4);
    expect(built.error).toContain('view watched');
    await client.query('drop view watched');
    await client.query(`delete from afterglow.fraud_shadow where id = ${FAILED}`);
    await client.query(
      `update afterglow_internal.state_fraud_shadow set status = 'failed', failure_kind = 'rejected_item' where key_id = ${FAILED}`,
    );
    const unscored = await cli.run('cutover', 'fraud', '--yes');
    expect(unscored.status, unscored.error).toBe(1);
    expect(unscored.error).toContain('1 failed, 0 over budget');
    const unasked = await cli.run('cutover', 'fraud');
    expect(unasked.status).toBe(4);
    expect(unasked.error).toContain(
      'sagemaker fraud-xgboost 2 (revision 2) instead of sagemaker fraud-xgboost 1 (revision 1)',
    );
    expect(await revisionsOf(pipeline, 'fraud')).toEqual([1]);

    const calls = callsOf(pipeline);
    const done = await cli.run('cutover', 'fraud', '--yes', '--unscored-max', '1');
    expect(done, done.error).toMatchObject({ status: 0 });
    expect(done.error).toContain('of_the_analyst stays');
    const twice = await cli.run('cutover', 'fraud', '--yes');
    expect(twice, twice.error).toMatchObject({ status: 0 });
    expect(twice.out).toContain('fraud is already sagemaker fraud-xgboost 2');
    const kafka = await connectKafkaAdmin({
      brokers: [brokers()],
      clientId: 'test',
      logger: createLogger('test', 'silent'),
    });
    cleanup.defer(() => kafka.close());
    // The yes of somebody who was asked before that.
    await expect(
      exchange(client, kafka, definition, 'fraud', { counting: 1, shadow: 2 }),
    ).rejects.toMatchObject({ code: 'cutover_refused' });
    expect(await revisionsOf(pipeline, 'fraud')).toEqual([2]);
    const { rows: audits } = await client.query('select enrichment from afterglow_internal.audits');
    expect(audits).toEqual([{ enrichment: 'fraud' }]);
    // The row without a score was not asked about by the job that publishes the others.
    expect(callsOf(pipeline)).toBe(calls);
    const audited = await audit(cli);
    expect(audited, audited.error).toMatchObject({ status: 0, findings: [] });

    const { rows: may } = await client.query(
      `select name, has_table_privilege($1, 'afterglow.' || name, 'select') as reads,
              has_column_privilege($1, 'afterglow.' || name, 'id', 'select with grant option') as gives,
              (select string_agg(polname, ',') from pg_policy where polrelid = c.oid) as policies
         from unnest(array['fraud', 'fraud_shadow']) as name join pg_class c on c.oid = ('afterglow.' || name)::regclass order by 1`,
      [analyst],
    );
    expect(may).toEqual([
      { name: 'fraud', reads: true, gives: true, policies: 'few' },
      { name: 'fraud_shadow', reads: false, gives: false, policies: null },
    ]);
    const compared = await cli.run('compare', 'fraud', '--json');
    expect(compared, compared.error).toMatchObject({ status: 0 });
    await using other = await commandLine(pipeline, edited);
    const refused = await other.run('init', '--dry-run');
    expect(refused.error).toContain('before the two were exchanged');

    const back = await cli.run('cutover', 'fraud', '--back', '--yes');
    expect(back, back.error).toMatchObject({ status: 0 });
    expect(await revisionsOf(pipeline, 'fraud')).toEqual([1]);
    const backTwice = await cli.run('cutover', 'fraud', '--back', '--yes');
    expect(backTwice.out).toContain('fraud is already sagemaker fraud-xgboost 1');
    expect(await revisionsOf(pipeline, 'fraud')).toEqual([1]);
  },
  TEST_MAX_MS,
);
