import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { interleaved, measure, mediansOf, spread } from '../bench/bench.ts';

const FOLDER = new URL('../bench/', import.meta.url);

test('every benchmark folder holds a bench.ts that exports a benchmark with a question', () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'results')
    .map((entry) => entry.name);
  expect(folders).toContain('demo-generator');
  for (const name of folders) {
    const place = new URL(`${name}/bench.ts`, FOLDER);
    expect(existsSync(place), `${name}/bench.ts`).toBe(true);
    expect(readFileSync(place, 'utf8')).toContain('export const benchmark: Benchmark');
  }
});

test('every noted result belongs to a benchmark and says where and when it arose', () => {
  const results = readdirSync(new URL('results/', FOLDER));
  expect(results).toContain('demo-generator.jsonl');
  for (const file of results) {
    expect(existsSync(new URL(`${file.replace(/\.jsonl$/, '')}/bench.ts`, FOLDER)), file).toBe(true);
    for (const line of readFileSync(new URL(`results/${file}`, FOLDER), 'utf8')
      .trimEnd()
      .split('\n')) {
      expect(JSON.parse(line)).toMatchObject({
        benchmark: file.replace(/\.jsonl$/, ''),
        at: expect.any(String),
        environment: { cpu_model: expect.any(String), git_commit: expect.any(String) },
        observation: expect.stringMatching(/.{20}/),
      });
    }
  }
});

test('rounds are interleaved, each beginning with another variant', async () => {
  const turns: string[] = [];
  const variant = (name: string) => ({
    name,
    run: async () => ({ turns_total: turns.push(name) }),
  });
  const measured = await measure([variant('a'), variant('b')], 2);
  expect(turns).toEqual(['a', 'b', 'a', 'b', 'b', 'a']);
  expect(mediansOf(measured)).toEqual({ a: { turns_total: 4.5 }, b: { turns_total: 4.5 } });
  expect(interleaved([], 3)).toEqual([]);
});

test.each([
  [[3, 1, 2], { median: 2, least: 1, most: 3 }],
  [[4, 1], { median: 2.5, least: 1, most: 4 }],
  [[7], { median: 7, least: 7, most: 7 }],
])('the spread of %j', (values, expected) => {
  expect(spread(values)).toEqual(expected);
});

test('there is no median of nothing', () => {
  expect(() => spread([])).toThrow(RangeError);
});
