import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LocalFolders, localFolders } from '../../../deploy/local/folders.ts';
import { claimStack, requireStack, type StackClaim } from '../../../deploy/local/running-stack.ts';
import type { ServicePlan } from './service-child.ts';
import { ServiceGroup } from './service-group.ts';

let folders: LocalFolders;
let claim: StackClaim;
beforeEach(async () => {
  folders = localFolders(mkdtempSync(join(tmpdir(), 'afterglow-unit-')), {});
  claim = await claimStack(folders);
});
afterEach(() => {
  claim.release();
  rmSync(join(folders.root, '..'), { recursive: true });
});

const REFUSED = '{"error":{"code":"slot_lost","message":"The slot is gone.","remedy":"Repair it."}}';
const plan = (script: string): ServicePlan => ({
  name: 'reader',
  programArguments: ['--eval', script],
  environment: {},
  folder: join(folders.root, '..'),
  log: join(folders.logs, 'reader.log'),
  isObserved: false,
});

test.each([
  [
    'is refused is given up',
    `process.stdout.write('${REFUSED}\\n'); process.exitCode = 4;`,
    { state: 'given up', reason: 'ended with status 4: The slot is gone.', remedy: 'Repair it.' },
  ],
  ['crashes', 'process.exitCode = 70;', { state: 'restarting', reason: 'ended with status 70' }],
])('a service that %s stays in run.json, with why', async (_name, script, expected) => {
  const services = new ServiceGroup([process.execPath], claim);
  const log = join(folders.logs, 'reader.log');
  services.start(plan(script));
  await expect
    .poll(() => requireStack(folders), { timeout: 5_000 })
    .toMatchObject({ processes: [], ended: [{ name: 'reader', ...expected, log }] });
  await services.stop();
});

test('a service that was told to end leaves nothing', async () => {
  const services = new ServiceGroup([process.execPath], claim);
  services.start(plan('setInterval(() => {}, 1000);'));
  expect(requireStack(folders).processes).toMatchObject([{ name: 'reader' }]);
  await services.stop();
  await expect
    .poll(() => requireStack(folders), { timeout: 5_000 })
    .toMatchObject({ processes: [], ended: [] });
});
