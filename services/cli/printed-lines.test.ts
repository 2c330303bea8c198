// What the commands print, from values.
import { expect, test } from 'vitest';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { plainTable } from './sql.ts';
import { statusLines, statusReport } from './status-report.ts';
import { eventLine } from './tail.ts';
import { lastError } from './up/service-group.ts';
import { summaryJson, summaryLines } from './up/summary.ts';
import { painter } from './view/paint.ts';

const PLAIN = painter(false);

test('a table of rows, with nothing in it that a terminal would obey', () => {
  const rows = [
    { id: '1', name: '東京', note: null },
    { id: '22', name: '\u001B[2Jx', note: { a: 1 } },
  ];
  expect(plainTable(['id', 'name', 'note'], rows)).toEqual([
    'id | name  | note',
    '---+-------+--------',
    '1  | 東京  |',
    '22 | \uFFFD[2Jx | {"a":1}',
    '(2 rows)',
  ]);
});

const EVENT: EnrichedEvent = {
  key: { id: '7' },
  enrichment: 'fraud',
  source: {
    epoch: 1,
    commit_lsn: '00000000/00000001',
    event_index: 0,
    table: 'public.t',
    committed_at: '2026-11-20T09:15:02.100000Z',
  },
  revision: 1,
  as_of: '2026-11-20T09:15:02.100000Z',
  input_hash: 'a',
  enriched_at: '2026-11-20T09:15:02.114000Z',
  status: 'scored',
  result: { score: 0.98765 },
  flagged: true,
  decision: { action: 'hold', rule: 'score >= 0.9', policy_version: '1' },
  model: { kind: 'sagemaker', name: 'fraud', version: '1' },
  cached: false,
  cost_nano_usd: 0,
  attempts: 1,
  model_ms: 2,
};

test('an event in one line', () => {
  expect(eventLine(EVENT, PLAIN)).toBe('09:15:02.114  scored       id=7  score=0.9877  flagged  hold  14 ms');
  const { result: _result, flagged: _flagged, decision: _decision, ...base } = EVENT;
  const skipped = { ...base, status: 'skipped', reason: 'when' } as EnrichedEvent;
  expect(eventLine(skipped, PLAIN)).toBe('09:15:02.114  skipped      id=7  when');
  const vectors = [{ start: 0, end: 9, tokens: 3, vector_f32le_base64: 'AACAPw==' }];
  const embedded = { ...EVENT, result: { dimensions: 1024, truncated: false, chunks: vectors } };
  expect(eventLine(embedded, PLAIN)).toContain('  dimensions=1024 truncated=false chunks=1  ');
  const hostile = { ...EVENT, key: { id: '\u001B]0;x\u0007' } };
  expect(eventLine(hostile, PLAIN)).not.toMatch(/\p{Cc}/u);
});

const HEALTHY = {
  services: [
    {
      view: { name: 'reader', state: 'ready', detail: undefined, port: 4, restarts: 0 },
      log: '/p/reader.log',
    },
  ],
  since: '2026-11-20T09:15:02Z',
  slot: { value: { isActive: true, walStatus: 'reserved', lagBytes: 10, keptBytes: 2_000 } },
  redos: { value: [] },
  sweeps: { value: [] },
  audits: { value: [] },
  spend: { value: [] },
  hops: {
    value: [
      { hop: 'enricher fraud', group: 'g', topic: 'afterglow.cdc.public.t', records: 1_200, is_late: false },
    ],
  },
  latency: { p50Ms: 4.2, p99Ms: 11, windowMs: 10_000 },
} as const;

test('the status of a healthy stack', () => {
  const report = statusReport(HEALTHY);
  expect(report).toMatchObject({ is_fine: true, exit: 0 });
  expect(statusLines(report, 80, PLAIN)).toEqual([
    'reader             ready       :4',
    '',
    'replication slot   active, reserved, 10 B behind, 2.0 kB kept',
    'enricher fraud     1,200 waiting      afterglow.cdc.public.t',
    'commit to written  p50 4.2 ms, p99 11 ms',
  ]);
});

const [READER] = HEALTHY.services;
const STOPPED = {
  state: 'stopped',
  detail: 'ended with status 4: The slot is gone.',
  port: undefined,
} as const;

test.each([
  ['a service is not ready', { services: [{ ...READER, view: { ...READER.view, state: 'not ready' } }] }, 1],
  ['a service has given up', { services: [{ ...READER, view: { ...READER.view, ...STOPPED } }] }, 1],
  ['the slot is lost', { slot: { value: { ...HEALTHY.slot.value, walStatus: 'lost' } } }, 1],
  ['nobody uses the slot', { slot: { value: { ...HEALTHY.slot.value, isActive: false } } }, 1],
  ['there is no slot', { slot: { value: undefined } }, 1],
  ['the database is away', { slot: { error: 'No connection.' } }, 3],
  ['Kafka is away', { hops: { error: 'Kafka does not answer.' } }, 3],
  [
    'both are away',
    { slot: { error: 'No connection.' }, hops: { error: 'Kafka does not answer.' }, services: [] },
    3,
  ],
] as const)('it is not fine when %s, and all the rest is shown', (_name, changes, exit) => {
  const report = statusReport({ ...HEALTHY, ...changes });
  expect(report).toMatchObject({ is_fine: false, exit });
  expect(statusLines(report, 80, PLAIN).length).toBeGreaterThanOrEqual(5);
});

test('a redo that cannot go on is named with what it waits for, and is no fault', () => {
  const redos = {
    value: [{ job: '3', table: 'public.notes', waits_for: 'enrichment first, which takes nothing' }],
  };
  const report = statusReport({ ...HEALTHY, redos });
  expect(report).toMatchObject({ is_fine: true, redos_waiting: redos.value });
  expect(statusLines(report, 100, PLAIN)).toContain(
    'redo job 3         public.notes waits for enrichment first, which takes nothing',
  );
});

test('a sweep is shown with how far it is, and is no fault', () => {
  const sweep = { table: 'public.notes', job: '4', enrichments: ['fraud'], gone: 12, age_seconds: 3 };
  const sweeps = { value: [{ ...sweep, state: 'running' }] } as const;
  const report = statusReport({ ...HEALTHY, sweeps });
  expect(report).toMatchObject({ is_fine: true, sweeps: sweeps.value });
  expect(statusLines(report, 100, PLAIN)).toContain(
    'sweep              public.notes job 4 running, 12 results without a row deleted so far for fraud',
  );
});

test('the last audit of each enrichment is shown, and what it found does not make the stack ill', () => {
  const clean = {
    enrichment: 'fraud',
    ended_at: '2026-11-20T09:15:02Z',
    age_seconds: 30,
    since_seconds: null,
    rows: 1_200,
    missing: 0,
    stale: 0,
    orphaned: 0,
    waiting: 0,
    outdated: 0,
  };
  const audits = { value: [clean, { ...clean, enrichment: 'sentiment', stale: 2, age_seconds: 7_200 }] };
  const report = statusReport({ ...HEALTHY, audits });
  expect(report).toMatchObject({ is_fine: true, audits: audits.value });
  expect(statusLines(report, 100, PLAIN)).toEqual(
    expect.arrayContaining([
      'audit fraud        nothing wrong of 1,200 rows, 30 s ago',
      'audit sentiment    2 stale of 1,200 rows, 2 h 0 min ago',
    ]),
  );
});

test('what each enrichment spent today is shown with its limits, and being over budget does not make the stack ill', () => {
  const live = {
    enrichment: 'sentiment',
    purse: 'live',
    spent_usd: 1,
    limit_usd: 25,
    share: 0.04,
    purse_share: 0.8,
    over_budget: false,
  } as const;
  const redo = { ...live, purse: 'redo', limit_usd: 1, share: 1, purse_share: 1, over_budget: true } as const;
  const spend = { value: [live, redo, { ...live, enrichment: 'embedding', purse_share: 0.04 }] };
  const report = statusReport({ ...HEALTHY, spend });
  expect(report).toMatchObject({ is_fine: true, spend: spend.value });
  expect(statusLines(report, 160, PLAIN)).toEqual(
    expect.arrayContaining([
      'spend sentiment    today $1.00 of $25.00 for changes (4 %, with others 80 %), $1.00 of $1.00 for redo (100 %): over budget until midnight UTC',
      'spend embedding    today $1.00 of $25.00 for changes (4 %)',
    ]),
  );
  expect(statusReport({ ...HEALTHY, spend: { error: 'No connection.' } }).spend).toBeNull();
});

test('a service that is down is named with its log', () => {
  const report = statusReport({
    ...HEALTHY,
    services: [{ ...READER, view: { ...READER.view, ...STOPPED } }],
  });
  expect(report.services).toMatchObject([{ name: 'reader', state: 'stopped', log: '/p/reader.log' }]);
  expect(statusLines(report, 80, PLAIN).slice(0, 2)).toEqual([
    'reader             stopped     ended with status 4: The slot is gone.',
    '                   log: /p/reader.log',
  ]);
});

const SUMMARY = {
  elapsedMs: 32_100,
  totals: { rowsIn: 1_116, scored: 1_062, written: 1_100 },
  results: [
    { enrichment: 'fraud', results: 980, languages: undefined },
    {
      enrichment: 'sentiment',
      results: 82,
      languages: [
        ['en', 40],
        ['es', 20],
        ['de', 10],
        ['fr', 5],
        ['it', 3],
        ['ja', 2],
        ['ko', 1],
        ['zh', 1],
      ],
    },
  ] as const,
  flagged: 22,
  latency: HEALTHY.latency,
  firstScoreMs: 3_900,
  dataFolder: '/p/.afterglow/data',
};

test('the summary', () => {
  expect(summaryLines(SUMMARY, PLAIN)).toEqual([
    'Stopped after 32 s.',
    '  rows in            1,116',
    '  scored             1,062',
    '    fraud            980 results',
    '    sentiment        82 results in 8 languages: en 40, es 20, de 10, fr 5, it 3, ja 2 and 2 more',
    '  flagged            22',
    '  commit to written  p50 4.2 ms, p99 11 ms',
    '  first result       3.9 s after the start',
    '  data               /p/.afterglow/data (the next start goes on with it; --fresh begins anew)',
  ]);
  expect(summaryJson(SUMMARY)).toMatchObject({
    event: 'summary',
    scored: 1_062,
    results: [
      { enrichment: 'fraud', results: 980, languages: null },
      { enrichment: 'sentiment', results: 82, languages: { en: 40, zh: 1 } },
    ],
    first_result_ms: 3_900,
  });
  const nothing = {
    ...SUMMARY,
    results: [],
    flagged: undefined,
    latency: undefined,
    firstScoreMs: undefined,
    dataFolder: undefined,
  };
  expect(summaryLines(nothing, PLAIN).join('\n')).toContain('nothing written');
  expect(summaryJson(nothing)).toMatchObject({ flagged: null, commit_to_written_ms: null, data: null });
});

test('why a service ended is read from its log', () => {
  const log =
    '{"level":30}\n{"error":{"code":"x","message":"No table.","remedy":"Make it."}}\n{"level":30}\n{"error":{"co';
  expect(lastError(log)).toEqual({ message: 'No table.', remedy: 'Make it.' });
  expect(lastError('{"level":30}\n')).toBeUndefined();
});
