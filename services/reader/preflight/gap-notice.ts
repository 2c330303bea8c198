import { tellGaps } from '../../../shared/kafka/gap-notice.ts';
import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type GapDraft, recordGap } from '../../../shared/side-tables/gaps.ts';
import type { Halt } from './decide.ts';
import { nameOf } from './published-changes.ts';
import type { StandingStill } from './standing-still.ts';

/**
 * A halt is a record in the database, a notice, a line in the log and what readiness says. Of a database that is not the one
 * Kafka knows nothing is written there: what is found is found again at every look.
 */
export async function recordAndTell(
  client: Queryable,
  producer: RecordProducer,
  settings: ServiceSettings,
  halt: Halt,
  still: StandingStill | undefined,
): Promise<void> {
  try {
    if (halt.gap !== null) await record(client, settings, halt.gap);
    if (halt.subject !== 'history') await tellGaps(client, producer, settings.definition.pipeline);
  } finally {
    still?.halts(halt); // also where nothing can be written
  }
}

async function record(client: Queryable, { logger }: ServiceSettings, draft: GapDraft): Promise<void> {
  const gap = await recordGap(client, draft);
  if (gap === undefined) return;
  logger.error({ gap: gap.id, reason: gap.reason, tables: gap.tables.map(nameOf) }, gap.detail);
}
