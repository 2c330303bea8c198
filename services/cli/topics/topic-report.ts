// `topics`: what was read, as one value for --json, and as lines.
import type { Definition } from '../../../shared/config/definition.ts';
import { enricherGroup, writerGroup } from '../../../shared/contracts/topics.ts';
import type { PartitionEnds, PartitionLag, TopicDescription } from '../../../shared/kafka/admin.ts';
import type { GroupOffsets } from '../../../shared/kafka/group-offsets.ts';
import { harmless } from '../../../shared/terminal/harmless.ts';
import { formatDuration } from '../duration.ts';
import { differenceText, type InitTopic, lackingSettings, type TopicKind } from '../init/topics.ts';
import { recordsBehind } from '../view/kafka-readings.ts';
import { formatBytes, formatCount } from '../view/numbers.ts';
import type { Painter } from '../view/paint.ts';
import { fitTo } from '../view/width.ts';

export interface TopicReadings {
  readonly wanted: readonly InitTopic[];
  /** In the order of the wanted ones; undefined: missing. */
  readonly described: readonly (TopicDescription | undefined)[];
  readonly ends: readonly PartitionEnds[];
  /** Read before the ends. */
  readonly groups: readonly GroupOffsets[];
}

interface GroupReport {
  readonly group: string;
  /** One of this pipeline's own. */
  readonly ours: boolean;
  /** At most: where a partition has no committed offset, all of it. */
  readonly records_behind: number;
  /** Per partition, in order; null: never committed. */
  readonly behind: readonly (number | null)[];
}

/** Also the JSON form. */
export interface TopicReport {
  readonly topic: string;
  readonly kind: TopicKind;
  /** Source or enrichment. */
  readonly of: string | null;
  readonly state: 'fine' | 'missing' | 'differs';
  /** `afterglow doctor` names the fix. */
  readonly difference: string | null;
  readonly partitions: number;
  readonly replicas: number | null;
  readonly cleanup_policy: string | null;
  /** null: for ever, which is what compaction means. */
  readonly retention_ms: number | null;
  /** Only where compacted: how long every record and every tombstone stays at least. */
  readonly compacted_after_ms: number | null;
  readonly tombstones_kept_ms: number | null;
  readonly message_bytes_max: number | null;
  /** Between first and next offset: of a compacted topic, an upper bound. */
  readonly records: number;
  readonly groups: readonly GroupReport[];
}

/** Pure. */
export function topicReports(definition: Definition, readings: TopicReadings): readonly TopicReport[] {
  return readings.wanted.map((wanted, index) => {
    const actual = readings.described[index];
    const { topic, kind, of } = wanted;
    const settings = actual?.settings ?? {};
    const isCompacted = settings['cleanup.policy']?.includes('compact') === true;
    const milliseconds = (name: string, isWanted: boolean): number | null =>
      isWanted && settings[name] !== undefined && settings[name] !== '-1' ? Number(settings[name]) : null;
    const difference = actual === undefined ? null : differenceOf(wanted, actual);
    return {
      topic,
      kind,
      of,
      state: actual === undefined ? 'missing' : difference === null ? 'fine' : 'differs',
      difference,
      partitions: actual?.partitions ?? 0,
      replicas: actual?.replicationFactor ?? null,
      cleanup_policy: settings['cleanup.policy'] ?? null,
      retention_ms: milliseconds('retention.ms', settings['cleanup.policy'] !== 'compact'),
      compacted_after_ms: milliseconds('min.compaction.lag.ms', isCompacted),
      tombstones_kept_ms: milliseconds('delete.retention.ms', isCompacted),
      message_bytes_max:
        settings['max.message.bytes'] === undefined ? null : Number(settings['max.message.bytes']),
      records: readings.ends
        .filter((end) => end.topic === topic)
        .reduce((sum, { low, high }) => sum + Number(high - low), 0),
      groups: groupsOf(definition, wanted, readings),
    };
  });
}

function differenceOf(wanted: InitTopic, actual: TopicDescription): string | null {
  const lacking = lackingSettings(wanted.settings, actual.settings);
  const differences = [
    ...(actual.partitions === wanted.partitions
      ? []
      : [`${actual.partitions} partitions instead of ${wanted.partitions}`]),
    ...(Object.keys(lacking).length === 0 ? [] : [differenceText(lacking, actual.settings)]),
  ];
  return differences.length === 0 ? null : differences.join('; ');
}

/** Ours first, also when they have not read it yet. */
function groupsOf(
  definition: Definition,
  { topic, kind, of }: InitTopic,
  { ends, groups }: TopicReadings,
): readonly GroupReport[] {
  const ours = ownGroups(definition, kind, of);
  const here = ends.filter((end) => end.topic === topic).toSorted((a, b) => a.partition - b.partition);
  const read = new Map(groups.map(({ group, committed }) => [group, committed.get(topic)]));
  const others = [...read].flatMap(([group, offsets]) =>
    offsets === undefined || ours.includes(group) ? [] : [group],
  );
  return [...ours, ...others].map((group) => {
    const offsets = read.get(group);
    const lags = here.map((end): PartitionLag => ({ ...end, committed: offsets?.get(end.partition) }));
    return {
      group,
      ours: ours.includes(group),
      records_behind: lags.reduce((sum, lag) => sum + recordsBehind(lag), 0),
      behind: lags.map((lag) => (lag.committed === undefined ? null : recordsBehind(lag))),
    };
  });
}

function ownGroups({ pipeline, enrichments }: Definition, kind: TopicKind, of: string | null) {
  if (kind === 'enriched') return [writerGroup(pipeline)];
  if (kind !== 'cdc') return [];
  return Object.entries(enrichments)
    .filter(([, { from }]) => from === of)
    .map(([name]) => enricherGroup(pipeline, name));
}

export function topicLines(reports: readonly TopicReport[], paint: Painter): readonly string[] {
  const width = Math.max(5, ...reports.map(({ topic }) => topic.length));
  const heading = row(width, ['topic', 'parts', 'replicas', 'keeps', 'largest', 'records']);
  return [
    paint.faint(heading),
    ...reports.flatMap((report) => [
      topicLine(report, width, paint),
      ...(report.difference === null ? [] : [`  ${paint.bad('differs')} ${harmless(report.difference)}`]),
      ...report.groups.map((group) => groupLine(group, paint)),
    ]),
  ];
}

function topicLine(report: TopicReport, width: number, paint: Painter): string {
  if (report.state === 'missing') return `${fitTo(report.topic, width)}  ${paint.bad('missing')}`;
  const { topic, partitions, replicas, message_bytes_max: bytesMax, records } = report;
  const largest = bytesMax === null ? '-' : formatBytes(bytesMax);
  const count = `${report.cleanup_policy === 'compact' ? '≤ ' : ''}${formatCount(records)}`;
  return row(width, [topic, String(partitions), String(replicas ?? '-'), keeps(report), largest, count]);
}

const COLUMNS = [5, 8, 22, 8] as const;

function row(width: number, [topic = '', ...cells]: readonly string[]): string {
  const fitted = cells.map((cell, index) => fitTo(cell, COLUMNS[index] ?? 0, index < 2 ? 'right' : 'left'));
  return [fitTo(topic, width), ...fitted.slice(0, -1), cells.at(-1) ?? ''].join('  ').trimEnd();
}

function keeps(report: TopicReport): string {
  const { retention_ms: retentionMs, compacted_after_ms: afterMs } = report;
  const all = retentionMs === null ? 'all' : days(retentionMs);
  if (report.cleanup_policy?.includes('compact') !== true) return all;
  return afterMs === null || afterMs === 0 ? 'newest of a key' : `newest of a key + ${days(afterMs)}`;
}

const DAY_MS = 86_400_000;
const days = (durationMs: number): string =>
  durationMs % DAY_MS === 0 ? `${durationMs / DAY_MS} d` : formatDuration(durationMs);

function groupLine({ group, ours, behind, records_behind: records }: GroupReport, paint: Painter): string {
  const isNew = behind.length > 0 && behind.every((each) => each === null);
  const waiting = `${formatCount(records)} behind${isNew ? ', nothing committed yet' : ''}`;
  return `  ${paint.faint('└')} ${harmless(group)}  ${waiting}${ours ? '' : paint.faint('  (not of this pipeline)')}`;
}
