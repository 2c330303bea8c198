import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOnce, partialOwner, partialSuffix, verifyChecksum } from './downloads.ts';
import { identityOf, ownIdentity } from './processes.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'afterglow-unit-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fillWith =
  (text: string) =>
  async (contents: string): Promise<void> =>
    await writeFile(join(contents, 'file'), text);

test('it is made once, whole, and nothing else stays', async () => {
  const target = join(folder, 'deep', 'target');
  await makeOnce(target, 1, fillWith('first'));
  await makeOnce(target, 1, fillWith('second'));
  expect(await readFile(join(target, 'file'), 'utf8')).toBe('first');
  expect(await readdir(join(folder, 'deep'))).toEqual(['target']);
});

test('a failure leaves nothing half-made', async () => {
  const failing = async (contents: string): Promise<void> => {
    await fillWith('half')(contents);
    throw new Error('connection lost');
  };
  await expect(makeOnce(join(folder, 'target'), 1, failing)).rejects.toThrow('connection lost');
  expect(await readdir(folder)).toEqual([]);
});

test('what a killed process left is removed, what a living one makes is not', async () => {
  const target = join(folder, 'target');
  const living = identityOf(process.ppid);
  if (living === undefined) throw new Error('the parent is gone');
  await mkdir(`${target}${partialSuffix(living)}`);
  await mkdir(join(`${target}${partialSuffix({ pid: living.pid, start: 'abcdef01/1' })}`, 'contents'), {
    recursive: true,
  });
  await makeOnce(target, 1, fillWith('whole'));
  expect(await readdir(folder)).toEqual(['target', `target${partialSuffix(living)}`]);
});

test('whose work it is can be read from the name', () => {
  expect(partialOwner(`target${partialSuffix(ownIdentity())}`)).toEqual(ownIdentity());
  expect(partialOwner('target')).toBeUndefined();
});

test('of two at once both succeed and one is kept', async () => {
  const target = join(folder, 'target');
  const slower = makeOnce(target, 1, async (contents) => {
    await mkdir(target);
    await fillWith('faster')(target);
    await fillWith('slower')(contents);
  });
  await slower;
  expect(await readFile(join(target, 'file'), 'utf8')).toBe('faster');
  expect(await readdir(folder)).toEqual(['target']);
});

test('more than the disk holds is refused before anything is fetched', async () => {
  const made = makeOnce(join(folder, 'target'), Number.MAX_SAFE_INTEGER, fillWith('never'));
  await expect(made).rejects.toMatchObject({ code: 'disk_full', exit: 3 });
  expect(await readdir(folder)).toEqual([]);
});

test('a disk that fills up underway is named as such', async () => {
  const made = makeOnce(join(folder, 'target'), 1, async () => {
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  });
  await expect(made).rejects.toMatchObject({ code: 'disk_full' });
});

test('a file is what was pinned, or it is refused', async () => {
  const file = join(folder, 'file.jar');
  await writeFile(file, 'contents');
  await verifyChecksum(file, createHash('sha256').update('contents').digest('hex'));
  await expect(verifyChecksum(file, '0'.repeat(64))).rejects.toMatchObject({
    code: 'checksum_mismatch',
    message: expect.stringContaining('file.jar'),
  });
});
