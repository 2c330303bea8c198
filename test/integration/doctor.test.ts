// `afterglow doctor` on set-ups that people get wrong: different, correct messages, and every one that can be known.

import { readFileSync } from 'node:fs';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { startPostgres } from '../../deploy/local/postgres.ts';
import type { Finding } from '../../services/cli/doctor/finding.ts';
import { applyInit } from '../../services/cli/init/apply.ts';
import { runProgram } from '../../services/cli/program.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { quoteIdentifier } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createPipeline } from '../support/pipeline.ts';
import { projectFolder } from '../support/project-folder.ts';
import { brokers, createDatabase, uniquePipelineName } from '../support/stack.ts';

class Text extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** In a folder of its own, with the shipped definition under that pipeline name. */
async function doctor(pipeline: string, environment: Record<string, string>) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'afterglow-doctor-'));
  const definition = readFileSync('afterglow.yaml', 'utf8').replace(
    'pipeline: afterglow',
    `pipeline: ${pipeline}`,
  );
  await writeFile(join(folder.path, 'afterglow.yaml'), definition);
  const standardOutput = new Text();
  const standardError = new Text();
  const status = await runProgram(['doctor', '--json'], {
    environment,
    folder: folder.path,
    standardOutput,
    standardError,
  });
  expect(standardError.text).toBe('');
  const { findings } = JSON.parse(standardOutput.text) as { findings: Finding[] };
  const wrong = findings.filter(({ outcome }) => outcome === 'failed' || outcome === 'unreachable');
  for (const { fix } of wrong) expect(fix).toBeTruthy();
  return { status, findings, wrong };
}

const DEAD_KAFKA = '127.0.0.1:1';

test.each([16, 18] as const)(
  'PostgreSQL %d set up by init, then without its publication',
  async (version) => {
    await using pipeline = await createPipeline(version);
    const { client, definition, environment } = pipeline;
    const name = definition.pipeline;
    const before = await doctor(name, { ...environment });
    expect(before.wrong).toEqual([]);
    expect(before.status).toBe(0);

    await client.query(`drop publication ${quoteIdentifier(name)}`);
    const after = await doctor(name, { ...environment });
    expect(after.status).toBe(1);
    expect(after.wrong).toEqual([
      {
        area: 'publication',
        outcome: 'failed',
        message: `Publication ${name} does not exist, so no change is ever sent.`,
        fix: 'npx afterglow init',
      },
      expect.objectContaining({
        area: 'set-up',
        message: expect.stringMatching(/^init has 1 step to do: publication/),
      }),
    ]);
  },
);

test('a column list that leaves columns out is named, and init is the fix', async () => {
  await using pipeline = await createPipeline();
  const { client, definition, environment } = pipeline;
  const name = definition.pipeline;
  await client.query(
    `alter publication ${quoteIdentifier(name)} set table public.transactions (id, amount, card_last4)`,
  );
  const { wrong } = await doctor(name, { ...environment });
  expect(wrong.find(({ area }) => area === 'publication')).toMatchObject({
    message: expect.stringMatching(
      / leaves out .*attempts_10m.* of public.transactions: not in its column list/,
    ),
    fix: expect.stringMatching(/^npx afterglow init {2}# or, .* exclude: \[.*attempts_10m/),
  });
  const admin = await connectKafkaAdmin({
    brokers: [brokers()],
    clientId: 'test',
    logger: createLogger('test', 'silent'),
  });
  await applyInit(client, admin, { definition });
  await admin.close();
  expect((await doctor(name, { ...environment })).wrong).toEqual([]);
});

test('a wrong password is told from a database that is away', async () => {
  await using database = await createDatabase();
  const { hostname, port } = new URL(database.url);
  const url = `postgres://no_such_user:secret@${hostname}:${port}/${database.name}`;
  const { status, wrong } = await doctor(uniquePipelineName(), {
    DATABASE_URL: url,
    KAFKA_BROKERS: DEAD_KAFKA,
  });
  expect(status).toBe(3);
  expect(wrong[0]).toEqual({
    area: 'postgres',
    outcome: 'unreachable',
    message: `${hostname}:${port}/${database.name} refuses the login (28P01).`,
    fix: expect.stringContaining('Check user, password and database in DATABASE_URL'),
  });
  expect(JSON.stringify(wrong)).not.toContain('secret');
});

test('a dead Kafka is said once, and hides nothing of the database', async () => {
  await using pipeline = await createPipeline();
  const { status, wrong, findings } = await doctor(pipeline.definition.pipeline, {
    ...pipeline.environment,
    KAFKA_BROKERS: DEAD_KAFKA,
  });
  expect(status).toBe(3);
  expect(wrong).toEqual([
    expect.objectContaining({
      area: 'kafka',
      outcome: 'unreachable',
      message: expect.stringContaining(`Kafka at ${DEAD_KAFKA} does not answer`),
    }),
  ]);
  expect(findings.filter(({ outcome }) => outcome === 'ok').map(({ area }) => area)).toEqual(
    expect.arrayContaining([
      'definition',
      'postgres',
      'tables',
      'publication',
      'slot',
      'set-up',
      'aws',
      'clocks',
    ]),
  );
});

test('wal_level=replica, an empty database and a dead Kafka: each is said', async () => {
  await using project = projectFolder();
  await using stack = new AsyncDisposableStack();
  const postgres = await startPostgres({
    folders: project.folders,
    version: 18,
    port: 0,
    settings: { wal_level: 'replica', max_wal_senders: '2' },
    progress: () => {},
  });
  stack.defer(() => postgres.stop());
  const { status, wrong } = await doctor(uniquePipelineName(), {
    DATABASE_URL: postgres.url,
    KAFKA_BROKERS: DEAD_KAFKA,
  });
  expect(status).toBe(3);
  expect(wrong.map(({ area, outcome }) => `${area} ${outcome}`)).toEqual([
    'definition failed',
    'postgres failed', // wal_level
    'postgres failed', // pgvector
    'tables failed', // transactions
    'tables failed', // reviews
    'publication failed',
    'privileges failed',
    'privileges failed',
    'privileges failed',
    'kafka unreachable',
    'set-up failed',
  ]);
  expect(wrong.find(({ area }) => area === 'postgres')).toMatchObject({
    message: 'wal_level is replica, so the log does not hold what changed.',
    fix: expect.stringContaining('alter system set wal_level = logical;'),
  });
});

test('a dead database is said once, and hides nothing of Kafka', async () => {
  await using database = await createDatabase();
  const gone = new URL(database.url);
  gone.pathname = '/not_there';
  const { status, wrong } = await doctor(uniquePipelineName(), {
    DATABASE_URL: gone.href,
    KAFKA_BROKERS: brokers(),
  });
  expect(status).toBe(3);
  expect(wrong.map(({ area, outcome }) => `${area} ${outcome}`)).toEqual([
    'postgres unreachable',
    'kafka failed',
  ]);
  expect(JSON.stringify(wrong)).not.toContain(gone.password);
});
