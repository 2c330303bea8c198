import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { NODE_ENVIRONMENT } from './node24.js';
import { childEnvironment } from './up/child-environment.ts';

const LAUNCHER = fileURLToPath(new URL('node24.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'afterglow-launcher-'));
const names = Object.keys(NODE_ENVIRONMENT);
const shell = Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));
const { NODE_COMPILE_CACHE, ...withoutCache } = NODE_ENVIRONMENT;

afterAll(() => rmSync(folder, { recursive: true }));

/** What a program that the launcher starts finds in its environment. */
async function environmentOf(name: string, environment: NodeJS.ProcessEnv = shell): Promise<unknown> {
  const program = join(folder, name);
  const listed = `${JSON.stringify(names)}.map((name) => [name, process.env[name]])`;
  writeFileSync(program, `process.stdout.write(JSON.stringify(Object.fromEntries(${listed})))`);
  const launcher = spawn(process.execPath, [LAUNCHER, program], { env: environment });
  return JSON.parse(await text(launcher.stdout));
}

test('a service is started with what keeps its memory small, and so is every one that it starts', async () => {
  const environment = await environmentOf('service.ts');
  expect(environment).toEqual(NODE_ENVIRONMENT);
  expect(childEnvironment(NODE_ENVIRONMENT, '', {})).toEqual(NODE_ENVIRONMENT);
});

test('what is not TypeScript leaves the cache alone, and what a user has set stays', async () => {
  expect(await environmentOf('runner.mjs')).toEqual(withoutCache);
  const own = { MALLOC_ARENA_MAX: '8', NODE_COMPILE_CACHE: folder };
  expect(await environmentOf('service.ts', { ...shell, ...own })).toEqual({ ...NODE_ENVIRONMENT, ...own });
  expect(NODE_COMPILE_CACHE).toBeDefined();
});
