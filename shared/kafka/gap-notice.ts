import type { Notice } from '../contracts/events.ts';
import { instantFromMilliseconds } from '../contracts/instant.ts';
import { formatLsn } from '../contracts/position.ts';
import { noticesTopic } from '../contracts/topics.ts';
import type { Gap } from '../side-tables/gaps.ts';
import type { TopicRecord } from './producer.ts';

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
    tables: gap.tables.map(({ schema, name }) => `${schema}.${name}`),
    from: { epoch: gap.from.epoch, lsn: formatLsn(gap.from.lsn) },
    to: gap.to === null ? null : { epoch: gap.to.epoch, lsn: formatLsn(gap.to.lsn) },
  };
  return { topic: noticesTopic(pipeline), partition: 0, key: notice.kind, value: JSON.stringify(notice) };
}
