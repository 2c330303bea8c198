// Pages that say which test shows what: a title that is none any more would show nothing.
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isTest, readRepository } from './rule.ts';

const PROMISES = 'docs/acceptance.md';
const FAULTS = 'test/faults/README.md';
const repository = await readRepository(fileURLToPath(new URL('../..', import.meta.url)));
const contentOf = (path: string): string | undefined =>
  repository.files.find((file) => file.path === path)?.content;
const pageOf = (path: string): string => contentOf(path) ?? '';

const LINE = /^\| `([^`]+)` \| (.+) \|$/gm;
const linesOf = (text: string): readonly (readonly [path: string, title: string])[] =>
  Array.from(text.matchAll(LINE), ([, path = '', title = '']) => [path, title]);

/** Between quotes, as it stands in the file: of a test, a group of them, or a line of a table. */
const holds = (content: string, title: string): boolean =>
  ["'", '"', '`'].some((quote) => content.includes(`${quote}${title}${quote}`));

describe('what the pages name', () => {
  test.each([PROMISES, FAULTS].flatMap((page) => linesOf(pageOf(page))))('%s holds: %s', (path, title) => {
    expect(isTest(path), path).toBe(true);
    expect(holds(contentOf(path) ?? '', title), `${path} has no test "${title}"`).toBe(true);
  });

  test.each([
    ...[
      'A2',
      'B1',
      'B2',
      'B3',
      'B4',
      'B5',
      'C1',
      'C2',
      'C3',
      'C4',
      'D1',
      'D2',
      'D3',
      'H2',
      'H3',
      'H4',
      'E1',
      'E2',
      'E3',
      'E4',
      'E5',
    ].map((entry) => [entry, PROMISES]),
    // Nothing is parked in memory, which F19 is about.
    ...Array.from({ length: 20 }, (_, index) => [`F${index + 1}`, FAULTS]).filter(
      ([entry]) => entry !== 'F19',
    ),
  ] as [string, string][])('there is a test for %s', (entry, page) => {
    const [, section = ''] = pageOf(page).split(new RegExp(`^### ${entry} `, 'm'));
    expect(linesOf(section.split(/^##/m)[0] ?? '').length).toBeGreaterThan(0);
  });
});

test('a title that is not there is found missing', () => {
  const content = "test('a row is scored', () => {})";
  expect([holds(content, 'a row is scored'), holds(content, 'a row is')]).toEqual([true, false]);
});
