// What the reader could not decode, as an operator meets it: beside the rows that failed, in one list.
import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type DeadLetter, deadLetter } from '../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../shared/contracts/instant.ts';
import { formatLsn } from '../../shared/contracts/position.ts';
import { deadCaptureTopic } from '../../shared/contracts/topics.ts';
import { Fault } from '../../shared/errors/policy.ts';
import { captureLetterRecord, failureOf } from '../../shared/kafka/dead-letters.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { REDO_KEYS } from '../../shared/side-tables/names.ts';
import { listRedoJobs } from '../../shared/side-tables/redo-jobs.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { commandLine } from '../support/command-line.ts';
import { createPipeline, type TestPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { readTopic } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const NOTES = 'create table notes (code text primary key, body text not null)';
/** Compressed it fits the index; as JSON, six characters for each of its own, it fits no record. */
const ENDLESS_KEY = 'repeat(chr(1), 200000)';
const definitionOf = (text: string): string => `version: 1
${/^pipeline: .*$/m.exec(text)?.[0]}
sources:
  notes: { table: public.notes }
enrichments:
  embedding:
    from: notes
    model: { kind: titan-embedding, dimensions: 256 }
    input: [body]
`;

async function lettersOf({ definition }: TestPipeline): Promise<readonly DeadLetter[]> {
  const records = await readTopic(deadCaptureTopic(definition.pipeline));
  return records.map(({ value }) => deadLetter.parse(JSON.parse(String(value))));
}

/** As the reader archives a change whose key it could still read. */
async function archive(pipeline: TestPipeline, letter: DeadLetter): Promise<void> {
  const logger = createLogger('test', 'silent');
  await using producer = await connectProducer({ brokers: [brokers()], clientId: 'test', logger });
  const topic = deadCaptureTopic(pipeline.definition.pipeline);
  // Twice, as after a restart in between.
  for (const key of ['{}', '{}']) {
    await producer.send([{ topic, partition: 0, key, value: JSON.stringify(letter) }]);
  }
}

test('changes that could not be decoded are listed, shown byte for byte, replayed where a key names the row, and dropped', {
  timeout: 600_000,
}, async () => {
  await using pipeline = await createPipeline(18, definitionOf, NOTES);
  await using cli = await commandLine(pipeline, definitionOf);
  const { client, awsLocal } = pipeline;
  await pipeline.start('reader', 'enricher embedding', 'writer').ready();
  awsLocal.control.addFault({
    input: { contains: 'poison' },
    fault: { kind: 'named', name: 'ValidationException', status: 400, message: 'MIR: expected maxLength' },
  });
  await client.query("insert into notes values ('plain', 'one text'), ('bad', 'a poison text')");
  await client.query(`insert into notes values (${ENDLESS_KEY}, 'another text')`);
  const [unnamed] = await until(
    async () => {
      const found = await lettersOf(pipeline);
      return found.length > 0 ? found : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: 'the change to be archived' },
  );
  if (unnamed === undefined) throw new Error('there is a letter');
  const listed = async (...words: string[]): Promise<readonly Record<string, unknown>[]> => {
    const { out } = await cli.run('dead', 'list', '--json', ...words);
    return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  // A refusal is believed once the model has taken something else.
  const isListed = async (): Promise<boolean> => {
    await client.query("insert into notes select 'n' || count(*), 'text ' || count(*) from notes");
    return (await listed()).length === 2;
  };
  await until(isListed, { deadlineMs: DEADLINE_MS, what: 'a row and a change to be listed' });

  const undecoded = {
    id: unnamed.id,
    enrichment: null,
    table: 'public.notes',
    key: null,
    kind: 'undecodable',
    code: 'too_large',
    commit_lsn: unnamed.original.headers.commit_lsn,
  };
  expect(await listed('--enrichment', 'capture', '--code', 'too_large', '--since', '1h')).toMatchObject([
    undecoded,
  ]);
  expect(await listed('--kind', 'undecodable')).toMatchObject([undecoded]);
  expect(await listed('--enrichment', 'embedding')).toMatchObject([{ key: { code: 'bad' } }]);
  expect(await listed('--enrichment', 'capture', '--code', 'other')).toEqual([]);

  const shown = await cli.run('dead', 'show', unnamed.id.slice(0, 10));
  expect(shown.out).toContain('a change of public.notes, which the reader could not decode');
  expect(shown.out).toContain(`commit ${unnamed.original.headers.commit_lsn}`);
  expect(shown.out).toContain(`${unnamed.original.bytes} bytes, SHA-256 ${unnamed.original.sha256}`);
  expect(shown.out).toContain('Nothing names its row: run `npx afterglow backfill notes`');
  expect(shown.out).not.toContain('another text');
  const { bytes } = await cli.run('dead', 'show', unnamed.id, '--original');
  expect(hash('sha256', bytes, 'hex')).toBe(unnamed.original.sha256);
  expect(bytes.toString('latin1', 0, 1)).toBe('I');

  const failedAt = instantFromMilliseconds(Date.parse(unnamed.failed_at) + 3_600_000);
  const named: DeadLetter = {
    ...unnamed,
    id: hash('sha256', 'another place', 'hex'),
    key: { code: 'plain' },
    // As if the update had given the row this key, and its old one is gone.
    original: {
      ...unnamed.original,
      headers: { ...unnamed.original.headers, old_key: '{"code":"before"}' },
    },
    error: { ...unnamed.error, code: 'value' },
    failed_at: failedAt,
  };
  await archive(pipeline, named);
  const all = await listed();
  expect(all.map(({ id }) => id)).toEqual([named.id, expect.any(String), expect.any(String)]);
  const pages: unknown[] = [];
  for (let after: string[] = []; pages.length <= all.length; ) {
    const [one] = await listed('--limit', '1', ...after);
    if (one === undefined) break;
    pages.push(one);
    after = ['--after', String(one.id)];
  }
  expect(pages).toEqual(all);
  expect((await cli.run('dead', 'list', '--limit', '1')).out).toContain('3 in all; the next page:');
  expect(await cli.run('dead', 'list', '--after', 'ab'.repeat(32))).toMatchObject({ status: 2 });

  const replayed = await cli.run('dead', 'replay', '--enrichment', 'capture', '--detach');
  expect(replayed.status).toBe(1);
  expect(replayed.out).toMatch(/^Job \d+: 2 failed rows for embedding\.\n/);
  expect(replayed.out).toContain(
    `${unnamed.id.slice(0, 12)}, a change of public.notes: not replayed. Nothing names its row: run`,
  );
  const isDone = async (): Promise<boolean> =>
    (await listRedoJobs(client, 10)).some(
      ({ reason, byKeys, state, rowsDone }) =>
        reason === 'replay' && byKeys && state === 'done' && rowsDone === 2,
    );
  await until(isDone, { deadlineMs: DEADLINE_MS, what: 'the row to be read again' });
  expect(await listed('--enrichment', 'capture')).toMatchObject([undecoded]);

  expect((await cli.run('dead', 'drop', unnamed.id, '--yes')).out).toBe(
    '1 failure is not listed any more.\n',
  );
  expect(await listed()).toMatchObject([{ key: { code: 'bad' }, kind: 'rejected_item' }]);
  expect(await cli.run('dead', 'show', unnamed.id)).toMatchObject({ status: 2 });
});

test('a key goes into its job in the order of the key, whatever its columns are called', async () => {
  const table = 'create table notes (body text not null, "2" text, "1" text, primary key ("2", "1"))';
  await using pipeline = await createPipeline(18, definitionOf, table);
  await using cli = await commandLine(pipeline, definitionOf);
  const nowMs = Date.now();
  const letter = (messageIndex: number, key: string, oldKey: string): DeadLetter => {
    const { record } = captureLetterRecord({
      pipeline: pipeline.definition.pipeline,
      table: 'public.notes',
      commitLsn: formatLsn(1n),
      messageIndex,
      key: JSON.parse(key),
      oldKey: JSON.parse(oldKey),
      raw: Buffer.from('I'),
      failure: failureOf(new Fault('undecodable', 'value', 'a value of the row could not be read'), 0),
      nowMs: nowMs - messageIndex,
    });
    return deadLetter.parse(JSON.parse(String(record.value)));
  };
  await archive(pipeline, letter(1, '{"2":"two","1":"one"}', '{"2":"old two","1":"old one"}'));
  // Its new key was too long to be told.
  await archive(pipeline, letter(2, 'null', '{"2":"b","1":"a"}'));
  expect(await cli.run('dead', 'replay', '--enrichment', 'capture', '--detach')).toMatchObject({ status: 0 });
  const { rows } = await pipeline.client.query<{ key: string }>(
    `select to_json(key)::text as key from ${REDO_KEYS} order by place`,
  );
  expect(rows.map(({ key }) => JSON.parse(key))).toEqual([
    ['two', 'one'],
    ['old two', 'old one'],
    ['b', 'a'],
  ]);
});
