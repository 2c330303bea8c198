import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from './lock.ts';
import type { ProcessIdentity } from './processes.ts';

let folder = '';
let base = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'afterglow-unit-'));
  base = join(folder, 'run.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const process1 = { pid: 1_000_001, start: 'boot/1' };
const process2 = { pid: 1_000_002, start: 'boot/2' };
const process3 = { pid: 1_000_003, start: 'boot/3' };
const living =
  (...identities: readonly ProcessIdentity[]) =>
  ({ pid }: ProcessIdentity): boolean =>
    identities.some((identity) => identity.pid === pid);

test('the first has it, the second is told who', () => {
  expect(takeLock(base, process1, living(process1, process2))).toHaveProperty('lock');
  expect(takeLock(base, process2, living(process1, process2))).toEqual({ holder: process1 });
});

test('a dead holder is followed by exactly one', () => {
  takeLock(base, process1, living());
  expect(takeLock(base, process2, living(process2))).toHaveProperty('lock');
  expect(takeLock(base, process3, living(process2))).toEqual({ holder: process2 });
});

test('a released one is free at once, while its holder lives on', () => {
  const taken = takeLock(base, process1, living(process1));
  if (!('lock' in taken)) throw new Error('not taken');
  taken.lock.release();
  expect(takeLock(base, process2, living(process1, process2))).toHaveProperty('lock');
  expect(takeLock(base, process1, living(process1, process2))).toEqual({ holder: process2 });
});

test('whoever was overtaken between looking and taking gives way', () => {
  takeLock(base, process1, living());
  // process2 sees the dead holder; before it acts, process3 takes over and releases, and process2 comes too late.
  let overtaken = false;
  const taken = takeLock(base, process2, (holder) => {
    if (overtaken) return living(process3)(holder);
    overtaken = true;
    expect(takeLock(base, process3, living())).toHaveProperty('lock');
    return false;
  });
  expect(taken).toEqual({ holder: process3 });
});

test('old files do not pile up', () => {
  for (let turn = 0; turn < 5; turn += 1) takeLock(base, process1, living());
  expect(readdirSync(folder)).toEqual(['run.lock.5']);
});
