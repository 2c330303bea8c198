import type { Definition } from '../../../shared/config/definition.ts';
import { CDC_RETENTION_MS } from '../../../shared/contracts/retention.ts';
import {
  CDC_MESSAGE_BYTES_MAX,
  cdcTopic,
  deadCaptureTopic,
  deadTopic,
  ENRICHED_MESSAGE_BYTES_MAX,
  enrichedTopic,
  enricherGroup,
  noticesTopic,
  positionsTopic,
  progressTopic,
  writerGroup,
} from '../../../shared/contracts/topics.ts';
import type { TopicDefinition } from '../../../shared/kafka/admin.ts';

const DAY_MS = 86_400_000;
const ARCHIVE_RETENTION_MS = 30 * DAY_MS;

/**
 * The brokers' clock decides how long a record is kept. By the producer's, one machine whose clock runs ahead by more than an
 * hour could write nothing at all, and one that lags would have its records thrown away early.
 */
const TIMED_BY_BROKER = { 'message.timestamp.type': 'LogAppendTime' };

const kept = (retentionMs: number): Readonly<Record<string, string>> => ({
  'cleanup.policy': 'delete',
  'retention.ms': String(retentionMs),
  ...TIMED_BY_BROKER,
});
const CDC = { ...kept(CDC_RETENTION_MS), 'max.message.bytes': String(CDC_MESSAGE_BYTES_MAX) };
/** Every outcome and every tombstone stays at least as long as the change it answers. */
const ENRICHED = {
  'cleanup.policy': 'compact',
  'delete.retention.ms': String(CDC_RETENTION_MS),
  'min.compaction.lag.ms': String(CDC_RETENTION_MS),
  'max.message.bytes': String(ENRICHED_MESSAGE_BYTES_MAX),
  ...TIMED_BY_BROKER,
};
/** A letter holds the record it is about, and base64 makes that larger by a third. */
const DEAD = { ...kept(ARCHIVE_RETENTION_MS), 'max.message.bytes': String(2 * CDC_MESSAGE_BYTES_MAX) };

/** Where more is fine; all others have to be equal. */
const AT_LEAST = new Set([
  'retention.ms',
  'max.message.bytes',
  'delete.retention.ms',
  'min.compaction.lag.ms',
]);
const WITHOUT_LIMIT = '-1';

/** What a topic is given less of than it has to have, or something else. */
export function lackingSettings(
  wanted: TopicDefinition['settings'],
  actual: TopicDefinition['settings'],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => !isEnough(name, value, actual[name])),
  );
}

function isEnough(name: string, wanted: string, actual: string | undefined): boolean {
  if (actual === undefined) return false;
  if (!AT_LEAST.has(name)) return actual === wanted;
  return (name === 'retention.ms' && actual === WITHOUT_LIMIT) || Number(actual) >= Number(wanted);
}

/** "retention.ms is 3600000 instead of 604800000; …". */
export function differenceText(
  lacking: Readonly<Record<string, string>>,
  actual: TopicDefinition['settings'],
): string {
  return Object.entries(lacking)
    .map(([name, value]) => `${name} is ${actual[name] ?? 'not set'} instead of ${value}`)
    .join('; ');
}

export type TopicKind = 'cdc' | 'enriched' | 'dead' | 'progress' | 'notices' | 'positions';

export interface InitTopic extends TopicDefinition {
  readonly kind: TopicKind;
  /** The source of a cdc topic, the enrichment of the two it has; null: the pipeline's. */
  readonly of: string | null;
  /** Rows are spread over it by key, so its partition count is fixed for its life and recorded. */
  readonly keyed: boolean;
}

/** Every topic of the pipeline. */
export function initTopics(definition: Definition): readonly InitTopic[] {
  const { pipeline } = definition;
  const topics: InitTopic[] = Object.entries(definition.sources).map(([of, { table, partitions }]) => ({
    kind: 'cdc',
    of,
    topic: cdcTopic(pipeline, table.schema, table.name),
    partitions,
    keyed: true,
    settings: CDC,
  }));
  for (const [name, { from }] of Object.entries(definition.enrichments)) {
    const partitions = definition.sources[from]?.partitions ?? 1;
    const beside = { of: name, partitions, keyed: true } as const;
    topics.push({ kind: 'enriched', topic: enrichedTopic(pipeline, name), settings: ENRICHED, ...beside });
    topics.push({ kind: 'dead', topic: deadTopic(pipeline, name), settings: DEAD, ...beside });
  }
  const single = (kind: TopicKind, topic: string, settings: Readonly<Record<string, string>>): InitTopic => ({
    kind,
    of: null,
    topic,
    partitions: 1,
    keyed: false,
    settings,
  });
  return [
    ...topics,
    single('dead', deadCaptureTopic(pipeline), DEAD),
    single('progress', progressTopic(pipeline), kept(CDC_RETENTION_MS)),
    single('notices', noticesTopic(pipeline), kept(ARCHIVE_RETENTION_MS)),
    single('positions', positionsTopic(pipeline), { 'cleanup.policy': 'compact', ...TIMED_BY_BROKER }),
  ];
}

export function initGroups(definition: Definition): readonly string[] {
  const { pipeline } = definition;
  return [
    ...Object.keys(definition.enrichments).map((name) => enricherGroup(pipeline, name)),
    writerGroup(pipeline),
  ];
}
