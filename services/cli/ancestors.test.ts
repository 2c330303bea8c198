import { expect, test } from 'vitest';
import { isAlive, npmAncestors, parseStat } from './ancestors.js';

interface Found {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly command: string;
  readonly start: string;
  readonly state: string;
}

const found = (pid: number, parent: number, name: string, command = name): Found => ({
  pid,
  parent,
  name,
  command,
  start: `${pid}00`,
  state: 'S',
});
const reading =
  (...processes: readonly Found[]) =>
  (pid: number) =>
    processes.find((candidate) => candidate.pid === pid);

test.each([
  [
    'npm, its shell, and not the shell of the user',
    [found(30, 20, 'sh'), found(20, 10, 'npm start'), found(10, 1, 'bash')],
    [30, 20],
  ],
  [
    'npm before it has named itself',
    [found(20, 10, 'node', 'node /usr/lib/node_modules/npm/bin/npm-cli.js start')],
    [20],
  ],
  ['npx', [found(30, 20, 'sh'), found(20, 10, 'npm exec afterglow up')], [30, 20]],
  [
    'a script of a script',
    [found(40, 30, 'npm start'), found(30, 20, 'sh'), found(20, 10, 'npm run all')],
    [40, 30, 20],
  ],
  ['a test runner in between', [found(30, 20, 'node', 'node vitest.mjs'), found(20, 10, 'npm test')], []],
  ['only a shell', [found(30, 20, 'bash'), found(20, 1, 'sshd')], []],
] as const)('%s', (_name, processes, expected) => {
  expect(npmAncestors(processes[0].pid, reading(...processes)).map(({ pid }) => pid)).toEqual(expected);
});

test('a number that another process got later is not the same process, nor is a zombie', () => {
  const npm = found(20, 10, 'npm start');
  expect(isAlive({ pid: 20, start: '2000' }, reading(npm))).toBe(true);
  expect(isAlive({ pid: 20, start: '1999' }, reading(npm))).toBe(false);
  expect(isAlive({ pid: 20, start: '2000' }, reading({ ...npm, state: 'Z' }))).toBe(false);
  expect(isAlive({ pid: 20, start: '2000' }, reading())).toBe(false);
});

test('a name with spaces and brackets does not shift the fields', () => {
  const stat = '812 (npm (start) x) S 800 812 790 34816 815 4194304 1 0 0 0 0 0 0 0 20 0 11 0 123456 0 0';
  expect(parseStat(stat)).toMatchObject({
    name: 'npm (start) x',
    parent: 800,
    group: 812,
    foregroundGroup: 815,
    start: '123456',
  });
});
