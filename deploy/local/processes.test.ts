import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { endProcess, identityOf, isAlive, ownIdentity, parseProcessStat } from './processes.ts';

const REST = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21';

test.each([
  ['a plain name', `42 (java) S ${REST}`],
  ['a name with spaces and brackets', `42 (a) b (c) S ${REST}`],
])('state and start are found behind %s', (_, text) => {
  expect(parseProcessStat(text)).toEqual({ state: 'S', startTicks: '4711' });
});

test('a cut text is not an identity', () => {
  expect(parseProcessStat('42 (java) S 1 2')).toBeUndefined();
});

test('this process is alive, the same number with another start is not', () => {
  const own = ownIdentity();
  expect(isAlive(own)).toBe(true);
  expect(isAlive({ ...own, start: `${own.start}1` })).toBe(false);
});

test('a number that another process has by now is never signalled', async () => {
  const own = ownIdentity();
  expect(await endProcess({ ...own, start: 'before' }, [{ signal: 'SIGKILL', waitMs: 1 }])).toBe(true);
});

test('the next signal follows when the first did not end it', async () => {
  const script =
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.stdout.write("ready")';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const identity = identityOf(child.pid ?? 0);
  if (identity === undefined) throw new Error('the child is gone');
  const ended = once(child, 'exit');
  const steps = [
    { signal: 'SIGTERM', waitMs: 100 },
    { signal: 'SIGKILL', waitMs: 5_000 },
  ] as const;
  expect(await endProcess(identity, steps)).toBe(true);
  expect(await ended).toEqual([null, 'SIGKILL']);
});
