import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { painter } from './paint.ts';
import { PASTE, pasteLines } from './paste.ts';
import { render } from './render.ts';
import type { Snapshot } from './snapshot.ts';
import { widthOf } from './width.ts';

const COLUMNS = [
  { head: 'id', width: 8, align: 'right' },
  { head: 'amount', width: 10, align: 'right' },
  { head: 'merchant', width: 0, align: 'left' },
  { head: 'category', width: 11, align: 'left' },
  { head: 'tries', width: 5, align: 'right' },
  { head: 'score', width: 6, align: 'right' },
] as const;

const RUNNING: Snapshot = {
  elapsedMs: 42_700,
  parts: [
    { title: 'PostgreSQL 18', owner: 'embedded', address: '127.0.0.1:55432' },
    { title: 'Kafka 4.1.1', owner: 'yours', address: 'broker-1.example.com:9092,broker-2.example.com:9092' },
    { title: 'AWS', owner: 'stand-in', address: '127.0.0.1:4100' },
  ],
  services: [
    { name: 'reader', state: 'ready', detail: undefined, port: 40_101, restarts: 0 },
    {
      name: 'enricher fraud',
      state: 'not ready',
      detail: 'the model does not answer',
      port: 40_102,
      restarts: 2,
    },
    {
      name: 'writer',
      state: 'stopped',
      detail: 'ended three times at once: .afterglow/logs/writer.log',
      port: undefined,
      restarts: 3,
    },
  ],
  rates: { inPerSecond: 52.4, scoredPerSecond: 9.81, writtenPerSecond: 1_234 },
  latency: { p50Ms: 4.23, p99Ms: 1_180, windowMs: 10_000 },
  lag: { slotBytes: 123_456, rows: 12 },
  flagged: {
    columns: COLUMNS,
    rows: [
      ['10234', '1.99', 'Yours', 'digital', '9', '0.998'],
      [
        '10233',
        '2.50',
        '\u001B[31m\u001B[2J東京ラーメン \u202Eevil\u0007 shop with a very long name indeed',
        'restaurant',
        '8',
        '0.954',
      ],
    ],
  },
  reviews: {
    columns: [
      { head: 'id', width: 8, align: 'right' },
      { head: 'in', width: 5, align: 'left' },
      { head: 'review', width: 0, align: 'left' },
      { head: 'sentiment', width: 9, align: 'left' },
      { head: 'sure', width: 5, align: 'right' },
      { head: 'vectors', width: 7, align: 'right' },
    ],
    rows: [
      ['912', 'de', 'Großartig: Ich bin begeistert,\nund das seit Wochen.', 'positive', '0.981', '1'],
      ['911', 'ja', '残念です: 三日で壊れました。返品します。', 'negative', '0.934', '1'],
      ['910', 'zh-TW', '還可以', 'neutral', '0.712', '4'],
    ],
  },
  notice: undefined,
  isDemo: true,
};
const STARTING: Snapshot = {
  ...RUNNING,
  services: RUNNING.services.map((service) => ({
    ...service,
    state: 'starting',
    detail: undefined,
    restarts: 0,
  })),
  rates: undefined,
  latency: undefined,
  lag: undefined,
  flagged: { columns: COLUMNS, rows: [] },
  reviews: undefined,
  notice: 'enricher fraud ended with status 70 and starts again in 1.0 s',
};

describe.each([60, 80, 120])('at %d columns', (columns) => {
  test.each([
    ['running', RUNNING],
    ['starting', STARTING],
  ] as const)('%s', async (name, snapshot) => {
    const plain = render(snapshot, { columns, rows: 50 }, painter(false));
    for (const line of plain) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    expect(plain.join('\n')).not.toMatch(/(?!\n)\p{Cc}/u);
    await expect(`${plain.join('\n')}\n`).toMatchFileSnapshot(`golden/${name}-${columns}.txt`);
    const colored = render(snapshot, { columns, rows: 50 }, painter(true));
    expect(colored.join('\n')).toContain('\u001B[');
    expect(colored.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(
      plain.map((line) => line.trimEnd()),
    );
  });
});

test.each([10, 16, 24, 40])('a screen of %d rows is never overfilled', (rows) => {
  const many = { ...RUNNING.flagged, rows: Array.from({ length: 30 }, () => RUNNING.flagged.rows[0] ?? []) };
  const lines = render({ ...RUNNING, flagged: many }, { columns: 80, rows }, painter(false));
  expect(lines.length).toBeLessThan(rows);
  if (rows === 24) expect(lines.at(-1)).toContain('npx afterglow tail fraud'); // all of it on an ordinary terminal
});

test('texts stand below what is flagged only where both have room, and take no more than their share', () => {
  const rows = Array.from({ length: 30 }, () => RUNNING.flagged.rows[0] ?? []);
  const many = { ...RUNNING, flagged: { ...RUNNING.flagged, rows } };
  const lines = (height: number) => render(many, { columns: 80, rows: height }, painter(false));
  const counts = (height: number) => [
    lines(height).filter((line) => line.includes('0.998')).length,
    lines(height).filter((line) => / (positive|negative|neutral) /.test(line)).length,
  ];
  expect(counts(60)).toEqual([12, 3]);
  expect(counts(40)[0]).toBeGreaterThanOrEqual(3);
  expect(counts(24)[1]).toBe(0);
  for (let height = 10; height <= 60; height += 1) expect(lines(height).length).toBeLessThan(height);
});

test('on a small screen the flagged list makes room for the lines to paste', () => {
  // The live screen keeps the last column free.
  const render60 = (snapshot: Snapshot, rows = 20) => render(snapshot, { columns: 59, rows }, painter(false));
  const low = render60(RUNNING);
  expect(low.length).toBeLessThan(20);
  expect(low.at(-1)).toContain('npx afterglow tail fraud');
  const services = RUNNING.services.map((service) => ({ ...service, state: 'ready' as const }));
  const well = render60({ ...RUNNING, services }, 22);
  expect(well.at(-1)).toContain('npx afterglow tail fraud');
  expect(well.filter((line) => line.includes('0.998'))).toHaveLength(1);
});

test('a pasted command is the same statement at every width', () => {
  for (const columns of [60, 80, 120, 300]) {
    for (const command of [PASTE.insert, PASTE.select, PASTE.similar]) {
      const lines = pasteLines(command, columns);
      expect(lines.join(' ').replaceAll(/\s+/g, ' ').trim()).toBe(`${command.before}${command.statement}"`);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }
  }
});
