import { expect, test } from 'vitest';
import { parsePostmasterFile, sharedMemoryUsers } from './postgres-data.ts';

test('a running server tells pid, port and status', () => {
  const text = '4711\n/data/cluster\n1760000000\n55432\n\n127.0.0.1\n  1310722         7\nready   \n';
  expect(parsePostmasterFile(text)).toEqual({
    pid: 4711,
    port: 55_432,
    sharedMemoryId: '7',
    status: 'ready',
  });
});

test('one that is still starting has written less', () => {
  expect(parsePostmasterFile('4711\n/data/cluster\n')).toMatchObject({ pid: 4711, status: '' });
  expect(parsePostmasterFile('')).toBeUndefined();
});

test('who holds the shared memory is counted', () => {
  const text = [
    '       key      shmid perms                  size  cpid  lpid nattch   uid',
    '   1310722          7   600                    56  4711  4711      6   101',
  ].join('\n');
  expect(sharedMemoryUsers(text, '7')).toBe(6);
  expect(sharedMemoryUsers(text, '8')).toBe(0);
});
