// A cut-over that was broken off goes on whatever happened meanwhile: records that Kafka forgot, one group moved, the shadow out of the file.
import { expect, test } from 'vitest';
import { exchange } from '../../services/cli/cutover/exchange.ts';
import { moveOffsets } from '../../services/cli/cutover/move-offsets.ts';
import { cdcTopic, enricherGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { commandLine } from '../support/command-line.ts';
import { forgetRecords } from '../support/forgetting-kafka.ts';
import { createPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';

const RECORDS = 10;
const WAIT_MS = 60_000;
const text = (shipped: string): string => `${alone(shipped)}  fraud_shadow:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "2" }
    input: [amount]
    output: { risk: float }
`;
const alone = (shipped: string): string => `version: 1
pipeline: ${/pipeline: (\w+)/.exec(shipped)?.[1] ?? ''}
sources:
  payments: { table: public.payments, partitions: 1 }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input: [amount]
    output: { score: float }
`;

test('what Kafka forgot while a cut-over was broken off is a gap of each model', async () => {
  const tables = 'create table payments (id bigint primary key, amount float8 not null)';
  await using pipeline = await createPipeline(18, text, tables);
  const { client, definition } = pipeline;
  const settings = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  await using cleanup = new AsyncDisposableStack();
  const kafka = await connectKafkaAdmin(settings);
  cleanup.defer(() => kafka.close());
  const topic = cdcTopic(definition.pipeline, 'public', 'payments');
  const producer = await connectProducer(settings);
  await producer.send(
    Array.from({ length: RECORDS }, (_, place) => ({ topic, partition: 0, key: `${place}`, value: null })),
  );
  await producer[Symbol.asyncDispose]();
  const groups = ['fraud', 'fraud_shadow'].map((name) => enricherGroup(definition.pipeline, name));
  for (const [place, group] of groups.entries()) {
    await kafka.moveGroup(group, topic, new Map([[0, BigInt(4 + place)]]));
  }
  const locked: (number | null)[] = [];
  const watched: KafkaAdmin = {
    ...kafka,
    async describeTopics(topics) {
      const locks = "select from pg_locks where pid = pg_backend_pid() and mode = 'AccessExclusiveLock'";
      locked.push((await client.query(locks)).rowCount);
      return await kafka.describeTopics(topics);
    },
  };
  const agreed = { counting: 1, shadow: 2 };
  await client.query('grant select (score) on afterglow.fraud to public');
  await expect(exchange(client, kafka, definition, 'fraud', agreed)).rejects.toMatchObject({
    code: 'others_depend',
    message: expect.stringContaining('grant SELECT ("score") on "afterglow"."fraud" to public'),
  });
  await client.query('revoke select (score) on afterglow.fraud from public');
  await exchange(client, watched, definition, 'fraud', agreed);
  expect(locked, 'nobody waits for Kafka behind a lock').toEqual([0]);

  const dying: KafkaAdmin = {
    ...kafka,
    moveGroup: async (group, ...where) => {
      if (group !== groups[0]) throw new Error('the command was killed');
      return await kafka.moveGroup(group, ...where);
    },
  };
  const broken = moveOffsets({
    kafka: dying,
    definition,
    enrichment: 'fraud',
    waitMs: WAIT_MS,
    signal: new AbortController().signal,
  });
  await expect(broken).rejects.toThrow('the command was killed');
  expect(await kafka.lag(groups[0] ?? '', [topic])).toMatchObject([{ committed: 4n }]);
  await forgetRecords(topic);
  // Whoever takes the shadow out of the file now must still be able to finish.
  await using cli = await commandLine(pipeline, alone);
  const rest = await cli.run('cutover', 'fraud', '--detach');
  expect(rest, rest.error).toMatchObject({ status: 0 });
  expect(rest.error).toContain('had come to 4 (behind_log_start)');

  for (const group of groups) {
    expect(await kafka.lag(group, [topic])).toMatchObject([{ committed: BigInt(RECORDS) }]);
  }
  const { rows: gaps } = await client.query(
    'select reason, state, (select enrichments from afterglow_internal.redo_jobs where job = jobs[1]) as enrichments from afterglow_internal.gaps order by id',
  );
  expect(gaps).toEqual(
    ['fraud', 'fraud_shadow'].map((name) => ({
      reason: 'group_offsets_lost',
      state: 'repairing',
      enrichments: `{${name}}`,
    })),
  );
  const { rows: cutovers } = await client.query('select state from afterglow_internal.cutovers');
  expect(cutovers).toEqual([{ state: 'done' }]);
});
