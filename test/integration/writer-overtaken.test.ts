// A writer that was away for longer than the enriched topics keep every outcome: deletions may have been compacted away.
import { afterEach, expect, test, vi } from 'vitest';
import { checkCompaction } from '../../services/writer/compaction.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { partitionOf } from '../../shared/kafka/partitioner.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { createPool, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { listGaps } from '../../shared/side-tables/gaps.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { offsetsRemembered } from '../support/forgetting-kafka.ts';
import { writeAsItself } from '../support/own-login.ts';
import { createPipeline } from '../support/pipeline.ts';
import { scored } from '../support/side-tables.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const DAY_MS = 86_400_000;
const AWAY_MS = 8 * DAY_MS;
const IDS = [901, 902, 903];

async function keysAre(client: DatabaseClient, expected: readonly number[]): Promise<void> {
  const keys = async (): Promise<string> => {
    const { rows } = await client.query<{ id: string }>('select id from afterglow.fraud order by id');
    return rows.map(({ id }) => id).join();
  };
  await until(async () => (await keys()) === expected.join(), {
    deadlineMs: DEADLINE_MS,
    what: `results of ${expected.join()}`,
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('a writer whose next outcome is older than compaction leaves alone finds a gap once, and what has no row any more is swept', {
  timeout: 400_000,
}, async () => {
  await using pipeline = await createPipeline();
  const { client, definition } = pipeline;
  const topic = enrichedTopic(definition.pipeline, 'fraud');
  const settings = { brokers: [brokers()], clientId: 'test', logger: createLogger('test', 'silent') };
  await using producer = await connectProducer(settings);
  const publish = async (ids: readonly number[]): Promise<void> => {
    const partitions = definition.sources.transactions?.partitions ?? 1;
    const keys = ids.map((id) => ({ id, key: JSON.stringify({ id: String(id) }) }));
    await producer.send(
      keys.map(({ id, key }) => ({
        topic,
        key,
        partition: partitionOf(key, partitions),
        value: JSON.stringify(scored(String(id), 5, 0.5)),
      })),
    );
  };
  await pipeline.start('reader', 'enricher').ready();
  {
    await using _writer = await writeAsItself(pipeline);
    // Their deletions, and what these left, were compacted away while nobody wrote.
    await publish(IDS);
    await keysAre(client, IDS);
    await offsetsRemembered(client, writerGroup(definition.pipeline));
  }
  await publish([...IDS, 904, 905, 906]);
  const pool = createPool({ url: pipeline.database.url, applicationName: 'test', connectionsMax: 1 });
  const taken = { topic, enrichment: 'fraud', table: { schema: 'public', name: 'transactions' } };
  const group = {
    pipeline: definition.pipeline,
    group: writerGroup(definition.pipeline),
    topics: [taken],
    database: pool,
    logger: settings.logger,
  };
  const look = (awayMs: number) => checkCompaction(group, settings, producer, Date.now() + awayMs);
  await look(AWAY_MS - 2 * DAY_MS);
  expect(await listGaps(client)).toEqual([]);
  await look(AWAY_MS);
  await look(AWAY_MS);
  await pool.end();
  expect(await listGaps(client)).toHaveLength(1);
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + AWAY_MS);
  {
    await using _writer = await writeAsItself(pipeline);
    await keysAre(client, []);
    const gaps = await until(
      async () => {
        const found = await listGaps(client);
        return found.length > 0 && found.every(({ state }) => state === 'closed') ? found : undefined;
      },
      { deadlineMs: DEADLINE_MS, what: 'the gap to be closed' },
    );
    expect(gaps).toMatchObject([{ reason: 'outcomes_compacted', halts: false, counts: { deleted: 6 } }]);
  }
});
