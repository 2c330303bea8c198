import { type Definition, enrichmentsOfTable } from '../../../shared/config/definition.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import type { DatabaseClient } from '../../../shared/postgres/connect.ts';
import type { Passage } from '../../../shared/progress/passage.ts';
import { forgetGapKeys } from '../../../shared/side-tables/gap-keys.ts';
import { closeRepairedGaps, type Gap, gapsToSweep, markSwept } from '../../../shared/side-tables/gaps.ts';
import { collectTopicKeys } from './collect-topic-keys.ts';
import { createCollectedJobs, createSweepJobs, findGapOrphans } from './gap-jobs.ts';

export interface Closing {
  readonly client: DatabaseClient;
  readonly definition: Definition;
  readonly kafka: KafkaSettings;
  readonly passage: Passage;
}

/**
 * Takes each repair one step on: what is left over is looked for when all rows are read again and every result of an earlier
 * change is written; and a gap is closed when that is done, too. Returns those closed now.
 */
export async function closeGaps(closing: Closing, signal: AbortSignal): Promise<readonly Gap[]> {
  const { client } = closing;
  for (const gap of await gapsToSweep(client)) {
    if (await isWritten(closing, gap)) await sweep(closing, gap, signal);
  }
  return await closeRepairedGaps(client);
}

/** The rows of the redo are in Kafka when its job is done, and everything before them is, too. */
const ALREADY_PUBLISHED = 0n;

async function isWritten({ definition, passage }: Closing, gap: Gap): Promise<boolean> {
  for (const table of gap.tables) {
    for (const enrichment of enrichmentsOfTable(definition, table)) {
      if (!(await passage.isWritten(markOf(gap), ALREADY_PUBLISHED, table, enrichment))) return false;
    }
  }
  return true;
}

async function sweep(closing: Closing, gap: Gap, signal: AbortSignal): Promise<void> {
  const { client, definition, kafka, passage } = closing;
  await forgetGapKeys(client, gap.id);
  const enriched = gap.tables.flatMap((table) =>
    enrichmentsOfTable(definition, table).map((enrichment) => ({ table, enrichment })),
  );
  const isNewEpoch = gap.to !== null && gap.to.epoch > gap.from.epoch;
  const { pipeline } = definition;
  if (isNewEpoch) {
    for (const each of enriched) {
      await collectTopicKeys(client, { kafka, pipeline, gap: gap.id, ...each }, signal);
    }
  }
  const found = await findGapOrphans(client, definition, gap);
  // Broken off behind these they are done all the same, and what is collected then is less.
  const collected = await createCollectedJobs(client, gap, found);
  await client.query('begin');
  try {
    await markSwept(client, gap.id, [...collected, ...(await createSweepJobs(client, found))]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
  await forgetGapKeys(client, gap.id);
  for (const { enrichment } of enriched) passage.forget(markOf(gap), enrichment);
}

const markOf = ({ id }: Gap): string => `gap ${id}`;
