import type { Notice } from '../../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../../shared/contracts/instant.ts';
import { formatLsn } from '../../../shared/contracts/position.ts';
import { noticesTopic } from '../../../shared/contracts/topics.ts';
import type { RecordProducer, TopicRecord } from '../../../shared/kafka/producer.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type Gap, type GapDraft, recordGap } from '../../../shared/side-tables/gaps.ts';
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
    if (halt.gap !== null) await record(client, producer, settings, halt.gap);
  } finally {
    still?.halts(halt); // also where nothing can be written
  }
}

async function record(
  client: Queryable,
  producer: RecordProducer,
  { definition, logger }: ServiceSettings,
  draft: GapDraft,
): Promise<void> {
  const gap = await recordGap(client, draft);
  if (gap === undefined) return;
  logger.error({ gap: gap.id, reason: gap.reason, tables: gap.tables.map(nameOf) }, gap.detail);
  await producer.send([gapNotice(definition.pipeline, gap, Date.now())]);
}

export function gapNotice(pipeline: string, gap: Gap, nowMs: number): TopicRecord {
  const notice: Notice = {
    kind: 'gap',
    at: instantFromMilliseconds(nowMs),
    pipeline,
    gap: gap.id,
    reason: gap.reason,
    detail: gap.detail,
    state: gap.state,
    halts: gap.halts,
    tables: gap.tables.map(nameOf),
    from: { epoch: gap.from.epoch, lsn: formatLsn(gap.from.lsn) },
    to: gap.to === null ? null : { epoch: gap.to.epoch, lsn: formatLsn(gap.to.lsn) },
  };
  return { topic: noticesTopic(pipeline), partition: 0, key: notice.kind, value: JSON.stringify(notice) };
}
