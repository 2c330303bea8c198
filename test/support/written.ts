// When nothing of a pipeline is under way any more.
import { cdcTopic, enrichedTopic, enricherGroup, writerGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { TestPipeline } from './pipeline.ts';
import { brokers } from './stack.ts';
import { until } from './wait.ts';

const DEADLINE_MS = 120_000;

/** Resolves when every outcome of what is committed now is on its topic and beside its row, deletions among them. */
export async function everythingWritten({ client, definition }: TestPipeline): Promise<void> {
  const { pipeline, enrichments, sources } = definition;
  const logger = createLogger('test', 'silent');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  const taken = async (group: string, topics: readonly string[]): Promise<void> => {
    const isTaken = async (): Promise<boolean> =>
      (await admin.lag(group, topics)).every(({ low, high, committed }) => (committed ?? low) >= high);
    await until(isTaken, { deadlineMs: DEADLINE_MS, everyMs: 200, what: `group ${group} to have taken all` });
  };
  try {
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    const passed = 'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2';
    await until(async () => (await client.query(passed, [pipeline, rows[0]?.lsn])).rowCount === 1, {
      deadlineMs: DEADLINE_MS,
      what: 'the slot to pass what is committed',
    });
    for (const [name, { from }] of Object.entries(enrichments)) {
      const table = sources[from]?.table;
      if (table === undefined) continue;
      await taken(enricherGroup(pipeline, name), [cdcTopic(pipeline, table.schema, table.name)]);
    }
    const enriched = Object.keys(enrichments).map((name) => enrichedTopic(pipeline, name));
    await taken(writerGroup(pipeline), enriched);
  } finally {
    await admin.close();
  }
}
