// docs/topics.md tells of each topic what init sets. After a change run this file with -u.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseDefinition } from '../../../shared/config/parse.ts';
import { formatDuration } from '../duration.ts';
import { type InitTopic, initTopics } from '../init/topics.ts';
import { formatBytes } from '../view/numbers.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const DAY_MS = 86_400_000;
const SHOWN = [
  ['retention.ms', 'all of the last'],
  ['min.compaction.lag.ms', 'all of the last'],
  ['delete.retention.ms', 'tombstones for'],
] as const;

const duration = (text: string): string => {
  const durationMs = Number(text);
  return durationMs % DAY_MS === 0 ? `${durationMs / DAY_MS} days` : formatDuration(durationMs);
};

function keeps({ settings }: InitTopic): string {
  const policy = settings['cleanup.policy'] === 'compact' ? ['the newest of each key'] : [];
  const more = SHOWN.flatMap(([name, words]) => {
    const value = settings[name];
    return value === undefined ? [] : [`${words} ${duration(value)}`];
  });
  return [...policy, ...more].join(', ');
}

function row(topic: InitTopic): string {
  const { topic: name, partitions, settings, keyed } = topic;
  const bytes = settings['max.message.bytes'];
  const largest = bytes === undefined ? "the broker's default" : `${formatBytes(Number(bytes))} (${bytes})`;
  return `| \`${name}\` | ${keyed ? partitions : 1} | ${keeps(topic)} | ${largest} |`;
}

test('docs/topics.md says what the topics keep, as init sets it', async () => {
  const { definition } = parseDefinition(read('afterglow.yaml'), 'afterglow.yaml', {});
  if (definition === undefined) throw new Error('the shipped definition has mistakes');
  const topics = initTopics(definition).filter(
    ({ kind, of }) => of === 'transactions' || of === 'fraud' || (of === null && kind !== 'positions'),
  );
  const table = ['| topic | partitions | keeps | largest record |', '|---|---|---|---|', ...topics.map(row)];
  const text = read('docs/topics.md');
  const between = /(<!-- topics: [^>]*-->\n)[\s\S]*(<!-- \/topics -->)/;
  expect(text).toMatch(between);
  const made = text.replace(
    between,
    (_, begin: string, end: string) => `${begin}\n${table.join('\n')}\n\n${end}`,
  );
  await expect(made).toMatchFileSnapshot('../../../docs/topics.md');
});

test('docs/topics.md names every file of docs/events, and shows an outcome that is one', () => {
  const text = read('docs/topics.md');
  for (const [, path] of text.matchAll(/\]\((events\/[^)]+|examples\/[^)]+)\)/g)) {
    expect(read(`docs/${path}`).length).toBeGreaterThan(100);
  }
  const [shown = ''] = /(?<=```json\n)[\s\S]*?(?=```)/.exec(text) ?? [];
  const examples = JSON.parse(read('docs/events/examples.json')) as Record<string, readonly object[]>;
  const [example = {}] = examples['enriched-event'] ?? [];
  expect(Object.keys(JSON.parse(shown) as object).toSorted()).toEqual(Object.keys(example).toSorted());
});
