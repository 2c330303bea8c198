import type { Notice } from '../contracts/events.ts';
import { instantFromMilliseconds } from '../contracts/instant.ts';
import { formatLsn } from '../contracts/position.ts';
import { noticesTopic } from '../contracts/topics.ts';
import type { Queryable } from '../postgres/connect.ts';
import { type Gap, markGapsTold, untoldGaps } from '../side-tables/gaps.ts';
import type { RecordProducer, TopicRecord } from './producer.ts';

/**
 * Tells of every gap that stands otherwise than it was told. Written down first and marked when it is told: a process that dies
 * in between leaves it to the next one, and it is told once or, at worst, twice.
 */
export async function tellGaps(client: Queryable, producer: RecordProducer, pipeline: string): Promise<void> {
  const gaps = await untoldGaps(client);
  if (gaps.length === 0) return;
  await producer.send(gaps.map((gap) => gapNotice(pipeline, gap, Date.now())));
  await markGapsTold(client, gaps);
}

function gapNotice(pipeline: string, gap: Gap, nowMs: number): TopicRecord {
  const notice: Notice = {
    kind: 'gap',
    at: instantFromMilliseconds(nowMs),
    pipeline,
    gap: gap.id,
    reason: gap.reason,
    detail: gap.detail,
    state: gap.state,
    halts: gap.halts,
    tables: gap.tables.map(({ schema, name }) => `${schema}.${name}`),
    from: { epoch: gap.from.epoch, lsn: formatLsn(gap.from.lsn) },
    to: gap.to === null ? null : { epoch: gap.to.epoch, lsn: formatLsn(gap.to.lsn) },
  };
  return { topic: noticesTopic(pipeline), partition: 0, key: notice.kind, value: JSON.stringify(notice) };
}
