// What the audit makes of keys of any kind, of services that are away, of earlier definitions and of --since.
import { describe, expect, test } from 'vitest';
import { REASONS } from '../../services/cli/audit/judge.ts';
import { scan } from '../../services/cli/audit/scan.ts';
import { CREATE_SUSPECTS } from '../../services/cli/audit/statements.ts';
import { readSubjects } from '../../services/cli/audit/subject.ts';
import { applyInit } from '../../services/cli/init/apply.ts';
import { parseDefinition } from '../../shared/config/parse.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { createRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { audit } from '../support/audited.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const TEST_MAX_MS = 600_000;

/** Keys whose order is not the database's, padded, of a type of the user's own, in partitions and out of a box. */
const TABLES = `
  create type region as enum ('north', 'south');
  create table notes (
    name text collate "C" not null, code char(4) not null, area region not null, rating int not null,
    primary key (area, name, code)
  ) partition by list (area);
  create table notes_north partition of notes for values in ('north');
  create table notes_south partition of notes for values in ('south')`;

const notes =
  (threshold: number) =>
  (text: string): string =>
    `${text.slice(0, text.search(/^sources:/m))}sources:
  notes: { table: public.notes, partitions: 2 }
enrichments:
  first:
    from: notes
    when: rating > 0
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input: [rating, attempts: "1", present: "1", hour: "12", distance: "-1", place: "0"]
    output: { score: float }
    flag: score >= ${threshold}
`;

const NAMES = ['a', 'B', 'b', 'Ä', 'z', 'ß', 'a b', "o'clock", 'ab', '{x}', 'NULL', '"q"'];

async function write(client: DatabaseClient): Promise<void> {
  await client.query(
    `insert into notes (name, code, area, rating)
     select name, code, area::region, length(name) - 1 + length(code) from unnest($1::text[]) name, unnest(array['a', 'bb', 'abcd']) code, unnest(array['north', 'south']) area`,
    [NAMES],
  );
}

const scored = async ({ client }: TestPipeline, rows: number): Promise<void> => {
  await until(
    async () =>
      (await client.query("select from afterglow.notes_enriched where first_status in ('scored', 'skipped')"))
        .rowCount === rows,
    { deadlineMs: DEADLINE_MS, what: `${rows} outcomes` },
  );
};

const ROWS = NAMES.length * 3 * 2;
const STATE = 'afterglow_internal.state_first';

describe('the audit', () => {
  test.for([16, 18] as const)(
    'knows every key again, whatever its type, order and partition, and wherever a stretch ends (PostgreSQL %s)',
    { timeout: TEST_MAX_MS },
    async (version) => {
      await using pipeline = await createPipeline(version, notes(0.5), TABLES);
      await using cli = await commandLine(pipeline, notes(0.5));
      const { client, definition } = pipeline;
      // As a set-up before the source's column had its collation left them.
      if (version === 16) {
        await client.query(`alter table ${STATE} alter key_name type text collate "default"`);
        await client.query('alter table afterglow.first alter name type text collate "default"');
      }
      await pipeline.start('reader', 'enricher first', 'writer').ready();
      await write(client);
      await scored(pipeline, ROWS);
      const clean = await audit(cli);
      expect(clean).toMatchObject({ status: 0, error: '', findings: [] });
      expect(clean.of('first')).toMatchObject({ rows: ROWS, waiting: 0, outdated: 0 });

      await client.query(
        `delete from ${STATE} where key_name = '"q"' and key_code = 'bb' and key_area = 'south'`,
      );
      await client.query("delete from afterglow.first where name = 'ß' and code = 'a' and area = 'north'");
      await client.query('delete from notes_north where false');
      await client.query(
        `update ${STATE} set key_name = '{gone}' where key_name = '{x}' and key_code = 'abcd' and key_area = 'north'`,
      );
      // With the right hash, as after a defect: a model of numbers leaves no row out.
      await client.query(
        `with gone as (delete from afterglow.first where name = 'z' and code = 'bb' and area = 'north')
         update ${STATE} set status = 'skipped', reason = 'unsupported_language' where key_name = 'z' and key_code = 'bb' and key_area = 'north'`,
      );
      const found = await audit(cli, 'notes');
      const key = (area: string, name: string, code: string) => ({ area, name, code });
      const planted = [
        { enrichment: 'first', finding: 'missing', reason: 'no_state', key: key('south', '"q"', 'bb') },
        { enrichment: 'first', finding: 'missing', reason: 'no_result', key: key('north', 'ß', 'a') },
        { enrichment: 'first', finding: 'missing', reason: 'no_state', key: key('north', '{x}', 'abcd') },
        { enrichment: 'first', finding: 'orphaned', reason: 'no_row', key: key('north', '{gone}', 'abcd') },
        { enrichment: 'first', finding: 'stale', reason: 'status', key: key('north', 'z', 'bb') },
      ];
      const sorted = (each: readonly unknown[]) => each.map((one) => JSON.stringify(one)).toSorted();
      expect(sorted(found.findings)).toEqual(sorted(planted));
      expect(found.status).toBe(1);

      const [subject] = await readSubjects(client, definition, ['notes']);
      if (subject === undefined) throw new Error('there is nothing to audit');
      expect(subject.sharesOrder).toBe(version === 18);
      await client.query(CREATE_SUSPECTS);
      for (const stretchRows of [1, 7, ROWS, 1_000]) {
        await client.query('truncate pg_temp.afterglow_suspects');
        const signal = AbortSignal.timeout(DEADLINE_MS);
        const { rows } = await scan(client, subject, {
          sinceXid: undefined,
          onRows: () => {},
          signal,
          stretchRows,
        });
        const { rows: suspects } = await client.query<{ key: string }>(
          'select to_json(key)::text as key from pg_temp.afterglow_suspects',
        );
        const texts = planted.map((each) => JSON.stringify([each.key.area, each.key.name, each.key.code]));
        expect({ rows, keys: suspects.map((each) => each.key).toSorted() }).toEqual({
          rows: ROWS,
          keys: texts.toSorted(),
        });
      }

      // Copied from another database, as an outcome may be: from here on the writer drops whatever comes.
      await client.query(
        "update afterglow_internal.truncate_fences set epoch = 1, commit_lsn = 'FFFFFFF/0' where enrichment = 'first'",
      );
      const fenced = await audit(cli);
      const fence = { enrichment: 'first', finding: 'stale', reason: 'fence', key: null };
      expect(sorted(fenced.findings)).toEqual(sorted([...planted, fence]));
      const lines = (await cli.run('audit')).out.split('\n');
      expect(lines).toContain(`  stale: ${REASONS.fence}`);
      await client.query("insert into notes (name, code, area, rating) values ('late', 'a', 'north', 5)");
      expect((await audit(cli, '--repair')).status).toBe(0);
      expect(await audit(cli)).toMatchObject({ status: 0, findings: [] });
      await scored(pipeline, ROWS + 1);
    },
  );

  test('calls nothing missing that only waits for a service, and nothing wrong that an earlier definition made', {
    timeout: TEST_MAX_MS,
  }, async () => {
    await using pipeline = await createPipeline(18, notes(0.5), TABLES);
    await using cli = await commandLine(pipeline, notes(0.5));
    const { client } = pipeline;
    await pipeline.start('reader', 'writer').ready();
    await write(client);
    const waiting = await audit(cli, '--wait', '3s');
    expect(waiting).toMatchObject({ status: 1, findings: [] });
    expect(waiting.of('first')).toMatchObject({ missing: 0, waiting: ROWS });
    await using enricher = pipeline.start('enricher first');
    await enricher.ready();
    await scored(pipeline, ROWS);
    expect(await audit(cli)).toMatchObject({ status: 0, findings: [] });

    const { pipeline: name } = pipeline.definition;
    const text = notes(0.7)(`version: 1\npipeline: ${name}\nsources:\n`);
    const { definition } = parseDefinition(text, 'afterglow.yaml', {});
    if (definition === undefined) throw new Error('the definition has mistakes');
    const admin = await connectKafkaAdmin({
      brokers: [brokers()],
      clientId: 'test',
      logger: createLogger('test', 'silent'),
    });
    await applyInit(client, admin, { definition });
    await admin.close();
    expect(await audit(cli)).toMatchObject({ status: 2 });
    await using newer = await commandLine(pipeline, notes(0.7));
    await client.query(`update ${STATE} set input_hash = null where key_name = 'z'`);
    const outdated = await audit(newer);
    expect(outdated.findings.map(({ reason }) => reason)).toEqual(Array.from({ length: 6 }, () => 'status'));
    expect(outdated.of('first')).toMatchObject({ outdated: ROWS - 6, stale: 6, missing: 0 });
    expect(outdated.status).toBe(1);
  });

  test('--since looks at what newer transactions wrote, and at every orphan', {
    timeout: TEST_MAX_MS,
  }, async () => {
    await using pipeline = await createPipeline(18, notes(0.5), TABLES);
    await using cli = await commandLine(pipeline, notes(0.5));
    const { client } = pipeline;
    await pipeline.start('reader', 'enricher first', 'writer').ready();
    await write(client);
    await scored(pipeline, ROWS);
    const young = await audit(cli, '--since', '1h');
    expect(young.error).toContain('every row is looked at');
    expect(young.of('first')).toMatchObject({ rows: ROWS });
    // As one transaction of the writer would have left them three hours ago.
    await client.query(`update ${STATE} set updated_at = now() - interval '3 hours'`);
    await client.query("insert into notes values ('new', 'a', 'south', 3), ('newer', 'a', 'south', 3)");
    await scored(pipeline, ROWS + 2);
    await client.query(
      `delete from ${STATE} where key_name in ('a', 'newer') and key_code = 'a' and key_area = 'south'`,
    );
    await client.query(
      `update ${STATE} set key_name = 'gone' where key_name = 'b' and key_code = 'a' and key_area = 'south'`,
    );
    // Without its result: a result that has no outcome is found whatever --since says.
    await client.query(
      "delete from afterglow.first where name in ('a', 'b') and code = 'a' and area = 'south'",
    );
    const found = await audit(cli, '--since', '1h');
    expect(
      found.findings.map(({ finding, key }) => `${finding} ${(key as { name: string }).name}`).toSorted(),
    ).toEqual(['missing newer', 'orphaned gone']);
    expect(found.of('first')).toMatchObject({ rows: 2 });
    expect((await audit(cli)).of('first')).toMatchObject({ missing: 3, orphaned: 1 });

    // What writes the table anew gives every row its own number, and leaves the times: those that are missing are older than that.
    await client.query(
      `update ${STATE} set updated_at = updated_at - interval '1 hour' where key_area = 'north'`,
    );
    await client.query(`alter table ${STATE} alter column key_code type varchar using key_code::varchar`);
    await client.query(`alter table ${STATE} alter column key_code type bpchar using key_code::bpchar`);
    const rewritten = await audit(cli, '--since', '1h');
    expect(rewritten.error).toContain('rewritten');
    expect(rewritten.of('first')).toMatchObject({ rows: ROWS + 2, missing: 3, orphaned: 1 });
  });

  test('calls nothing wrong that an open redo has still to reach, says which job that is, and --repair leaves it to it', {
    timeout: TEST_MAX_MS,
  }, async () => {
    await using pipeline = await createPipeline(18, notes(0.5), TABLES);
    await using cli = await commandLine(pipeline, notes(0.5));
    const { client } = pipeline;
    await pipeline.start('reader', 'enricher first', 'writer').ready();
    await write(client);
    await scored(pipeline, ROWS);
    const lost = ['a,a,north', 'a,bb,north', 'B,a,north', 'z,a,north'].map((key) => key.split(','));
    for (const key of lost) {
      const where = 'where name = $1 and code = $2 and area = $3::text::region';
      await client.query(`delete from afterglow.first ${where}`, key);
      await client.query(`delete from ${STATE} ${where.replaceAll(/(name|code|area) =/g, 'key_$1 =')}`, key);
    }
    const renamed = `update ${STATE} set key_name = 'gone' where key_code = 'a' and`;
    await client.query(`${renamed} key_name = '"q"' and key_area = 'north'`);
    await client.query(`${renamed} key_name = '{x}' and key_area = 'south'`);

    const jobs: string[] = [];
    const base = { schema: 'public', table: 'notes', reason: 'backfill', enrichments: ['first'] } as const;
    const behind = ['north', 'b', 'abcd'];
    await client.query('begin');
    for (const job of [
      { ...base, lastKey: behind },
      {
        ...base,
        keys: [
          ['north', 'a', 'a'],
          ['north', 'a', 'bb'],
        ],
        lastKey: ['1'],
      },
      { ...base, sweep: true, condition: "area = 'south' -- only there" } as const,
      { ...base, condition: 'rating > 2 -- and no others' },
      { ...base, condition: 'no_such_column' },
      { ...base, enrichments: ['other'] },
      { ...base, table: 'others' },
    ])
      jobs.push(await createRedoJob(client, job));
    // Nobody works on them, until the test wants it.
    await client.query("update afterglow_internal.redo_jobs set state = 'paused' where reason = 'backfill'");
    await client.query('commit');
    const unfitting = await audit(cli);
    const fitting = jobs.slice(0, 4).map((job) => ({ job }));
    expect(unfitting.of('first')).toMatchObject({ waiting: 5, queued: fitting });
    const cancel = "update afterglow_internal.redo_jobs set state = 'cancelled' where job = any($1)";
    await client.query(cancel, [jobs.slice(4)]);

    const found = await audit(cli, '--repair', '--yes');
    expect(
      found.findings.map(({ finding, key }) => `${finding} ${Object.values(key as object).join()}`),
    ).toEqual(['missing north,B,a', 'missing north,a,a', 'orphaned north,gone,a']);
    expect(found.status).toBe(1);
    const { rows } = await client.query(
      "select estimated_rows::int4 as keys from afterglow_internal.redo_jobs where reason = 'repair'",
    );
    expect(rows).toEqual([{ keys: 3 }]);
    const waiting = await audit(cli);
    const queued = [2, 1, 1, 1].map((count, place) => ({ job: jobs[place], state: 'paused', rows: count }));
    expect(waiting).toMatchObject({ status: 1, findings: [] });
    expect(waiting.of('first')).toMatchObject({ missing: 0, orphaned: 0, waiting: 5, queued });
    await client.query("update afterglow_internal.redo_jobs set state = 'waiting' where state = 'paused'");
    expect(await audit(cli, '--wait', '2m')).toMatchObject({ status: 0, findings: [] });
  });
});
