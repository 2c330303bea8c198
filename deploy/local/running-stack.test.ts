import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LocalFolders, localFolders } from './folders.ts';
import { identityOf, isAlive, ownIdentity } from './processes.ts';
import { claimStack, readStack, requireStack, type StackProcess, stopStack } from './running-stack.ts';

let folders: LocalFolders;
const children: ChildProcess[] = [];
beforeEach(() => {
  folders = localFolders(mkdtempSync(join(tmpdir(), 'afterglow-unit-')), {});
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(join(folders.root, '..'), { recursive: true });
});

async function sleepingService(): Promise<StackProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  const identity = identityOf(child.pid ?? 0);
  if (identity === undefined) throw new Error('the child is gone');
  return { ...identity, name: 'reader', kind: 'service' };
}

/** As if the process that wrote the state had been killed. */
function killSupervisor(): void {
  const file = join(folders.root, 'run.json');
  const state = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(
    file,
    JSON.stringify({ ...state, supervisor: { pid: state.supervisor.pid, start: 'before' } }),
  );
  writeFileSync(join(folders.root, 'run.lock.1'), JSON.stringify({ pid: process.pid, start: 'before' }));
}

test('what runs can be read by others, and its secrets only by its owner', async () => {
  const claim = await claimStack(folders);
  const service = await sleepingService();
  claim.addProcess(service);
  claim.record({ environment: { DATABASE_URL: 'postgres://afterglow:secret@127.0.0.1:1/afterglow' } });
  expect(requireStack(folders)).toMatchObject({
    supervisor: ownIdentity(),
    processes: [service],
    environment: { DATABASE_URL: expect.stringContaining('secret') },
  });
  expect(statSync(join(folders.root, 'run.json')).mode & 0o777).toBe(0o600);
  claim.removeProcess(service);
  expect(requireStack(folders).processes).toEqual([]);
  claim.release();
  expect(readStack(folders)).toEqual({ condition: 'none' });
});

test('a service that ended stays recorded until it runs again or is stopped', async () => {
  const claim = await claimStack(folders);
  const service = await sleepingService();
  const ended = {
    name: 'reader',
    state: 'given up',
    reason: 'ended with status 4',
    log: '/p/reader.log',
  } as const;
  claim.addProcess(service);
  claim.addEnded(ended);
  expect(requireStack(folders)).toMatchObject({ processes: [], ended: [ended] });
  claim.addProcess(service);
  expect(requireStack(folders)).toMatchObject({ processes: [service], ended: [] });
  claim.addEnded(ended);
  claim.removeProcess(service);
  expect(requireStack(folders)).toMatchObject({ processes: [], ended: [] });
  claim.release();
});

test('a second start beside a running one is refused and disturbs nothing', async () => {
  const claim = await claimStack(folders);
  const service = await sleepingService();
  claim.addProcess(service);
  await expect(claimStack(folders)).rejects.toMatchObject({ code: 'already_running', exit: 4 });
  expect(isAlive(service)).toBe(true);
  expect(readStack(folders).condition).toBe('running');
});

test('what a killed stack left over is told from a running one, and the next start stops it', async () => {
  const first = await claimStack(folders);
  const service = await sleepingService();
  first.addProcess(service);
  killSupervisor();
  expect(readStack(folders).condition).toBe('left_over');
  expect(() => requireStack(folders)).toThrow(expect.objectContaining({ code: 'stack_not_running' }));
  const stopped: string[] = [];
  await claimStack(folders, ({ name }) => stopped.push(name));
  expect(stopped).toEqual(['reader']);
  expect(isAlive(service)).toBe(false);
  expect(readStack(folders)).toMatchObject({ condition: 'running', state: { processes: [] } });
});

test('down stops what is left over, and says when there is nothing', async () => {
  const first = await claimStack(folders);
  const service = await sleepingService();
  first.addProcess(service);
  killSupervisor();
  expect(await stopStack(folders)).toBe(true);
  expect(isAlive(service)).toBe(false);
  expect(await stopStack(folders)).toBe(false);
});

test('a state file of another version counts as none', async () => {
  const claim = await claimStack(folders);
  writeFileSync(join(folders.root, 'run.json'), '{"something": "else"}');
  expect(readStack(folders)).toEqual({ condition: 'none' });
  claim.release();
});
