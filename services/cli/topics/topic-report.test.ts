import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { harmless } from '../../../shared/terminal/harmless.ts';
import { initTopics } from '../init/topics.ts';
import { painter } from '../view/paint.ts';
import { type TopicReadings, topicLines, topicReports } from './topic-report.ts';

const { definition } = parseDefinition(
  `version: 1
pipeline: shop
sources:
  orders: { table: public.orders, partitions: 2 }
enrichments:
  fraud:
    from: orders
    model: { kind: sagemaker, endpoint: fraud, version: "1" }
    input: [amount]
    output: { score: float }
`,
  'afterglow.yaml',
  {},
);
if (definition === undefined) throw new Error('the definition of the test has mistakes');
const of = definition;
const wanted = initTopics(of);
const ENRICHED = 'shop.enriched.fraud';
const CDC = 'shop.cdc.public.orders';

const end = (topic: string, partition: number, low: bigint, high: bigint) => ({
  topic,
  partition,
  low,
  high,
});

const readings: TopicReadings = {
  wanted,
  described: wanted.map(({ topic, partitions, settings }) => ({
    topic,
    partitions,
    replicationFactor: 3,
    settings: { 'max.message.bytes': '1048588', ...settings },
  })),
  ends: [end(CDC, 0, 10n, 110n), end(CDC, 1, 0n, 5n), end(ENRICHED, 1, 0n, 2n), end(ENRICHED, 0, 0n, 1_500n)],
  groups: [
    { group: 'billing', committed: new Map([[ENRICHED, new Map([[0, 300n]])]]) },
    { group: 'shop.enricher.fraud', committed: new Map([[CDC, new Map([[0, 4n]])]]) },
  ],
};

const report = (topic: string, changed: Partial<TopicReadings> = {}) =>
  topicReports(of, { ...readings, ...changed }).find((each) => each.topic === topic);

describe('a topic', () => {
  test('is told with what it keeps, and with everybody who reads it', () => {
    expect(report(ENRICHED)).toEqual({
      topic: ENRICHED,
      kind: 'enriched',
      of: 'fraud',
      state: 'fine',
      difference: null,
      partitions: 2,
      replicas: 3,
      cleanup_policy: 'compact',
      retention_ms: null,
      compacted_after_ms: 604_800_000,
      tombstones_kept_ms: 604_800_000,
      message_bytes_max: 1_048_588,
      records: 1_502,
      groups: [
        { group: 'shop.writer', ours: true, records_behind: 1_502, behind: [null, null] },
        { group: 'billing', ours: false, records_behind: 1_202, behind: [1_200, null] },
      ],
    });
  });

  test('that lost records before a group read them counts what is still there', () => {
    expect(report(CDC)?.groups).toEqual([
      { group: 'shop.enricher.fraud', ours: true, records_behind: 105, behind: [100, null] },
    ]);
  });

  test('that is missing, or is another one than the definition wants, says so', () => {
    const without = readings.described.map((each) => (each?.topic === ENRICHED ? undefined : each));
    expect(report(ENRICHED, { described: without })).toMatchObject({ state: 'missing', partitions: 0 });
    const other = readings.described.map((each) =>
      each?.topic === ENRICHED
        ? { ...each, partitions: 3, settings: { ...each.settings, 'delete.retention.ms': '1000' } }
        : each,
    );
    expect(report(ENRICHED, { described: other })).toMatchObject({
      state: 'differs',
      difference: '3 partitions instead of 2; delete.retention.ms is 1000 instead of 604800000',
    });
  });
});

test('the lines name each topic, and below it who reads it; a hostile name of a group is harmless', () => {
  const groups = [{ group: 'evil\u001b[2J', committed: new Map([[ENRICHED, new Map([[0, 0n]])]]) }];
  const described = readings.described.map((each) => (each?.topic === CDC ? undefined : each));
  const reports = topicReports(of, { ...readings, groups, described });
  expect(harmless('evil\u001b[2J')).not.toContain('\u001b');
  const lines = topicLines(reports.slice(0, 3), painter(false));
  expect(lines).toEqual([
    'topic                   parts  replicas  keeps                   largest   records',
    'shop.cdc.public.orders  missing',
    '  └ shop.enricher.fraud  105 behind, nothing committed yet',
    'shop.enriched.fraud         2         3  newest of a key + 7 d   1.0 MB    ≤ 1,502',
    '  └ shop.writer  1,502 behind, nothing committed yet',
    `  └ ${harmless('evil\u001b[2J')}  1,502 behind  (not of this pipeline)`,
    'shop.dead.fraud             2         3  30 d                    2.1 MB    0',
  ]);
});
