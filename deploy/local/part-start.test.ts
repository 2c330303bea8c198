import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startPart } from './part-start.ts';
import { endProcess, serverEnvironment, spawnServer } from './processes.ts';

const STAYS = 'setInterval(() => {}, 1000)';
const CANNOT_BIND = 'console.error("bind: Address already in use"); process.exitCode = 1';
const BROKEN = 'console.error("FATAL: no such setting"); process.exitCode = 1';
const END = [{ signal: 'SIGKILL', waitMs: 5_000 }] as const;

/** Starts a part whose process runs these programs, one for each attempt. */
async function start(programs: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'afterglow-part-'));
  const tried: (readonly number[])[] = [];
  let program = '';
  try {
    const running = await startPart({
      part: 'kafka',
      title: 'A part',
      failure: 'kafka_start_failed',
      folder,
      log: join(folder, 'part.log'),
      portWishes: [0, 0],
      deadlineMs: 10_000,
      endSteps: END,
      progress: () => {},
      spawn: async (ports) => {
        program = programs[tried.length] ?? BROKEN;
        tried.push(ports);
        return await spawnServer({
          program: process.execPath,
          programArguments: ['-e', program],
          folder,
          log: join(folder, 'part.log'),
          environment: serverEnvironment('C'),
        });
      },
      isReady: async () => program === STAYS,
    });
    await endProcess(running.identity, END);
    return { tried, port: running.port };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a port taken for a moment between the choice and the start costs another attempt with other ports', async () => {
  const { tried, port } = await start([CANNOT_BIND, STAYS]);
  expect(tried).toHaveLength(2);
  expect(tried[1]?.filter((one) => tried[0]?.includes(one))).toEqual([]);
  expect(port).toBe(tried[1]?.[0]);
});

test('attempts end: three without a port, one for any other failure', async () => {
  await expect(start([CANNOT_BIND, CANNOT_BIND, CANNOT_BIND, STAYS])).rejects.toThrow(
    /A part ended with status 1: bind: Address already in use/,
  );
  await expect(start([BROKEN, STAYS])).rejects.toThrow(/A part ended with status 1: FATAL: no such setting/);
});
