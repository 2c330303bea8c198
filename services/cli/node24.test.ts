import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NODE_ENVIRONMENT } from './node24.js';
import { childEnvironment } from './up/child-environment.ts';

const LAUNCHER = fileURLToPath(new URL('node24.js', import.meta.url));
const names = Object.keys(NODE_ENVIRONMENT);

async function environmentUnder(environment: NodeJS.ProcessEnv): Promise<Readonly<Record<string, string>>> {
  const script = `process.stdout.write(JSON.stringify(Object.fromEntries(${JSON.stringify(names)}.map((name) => [name, process.env[name]]))))`;
  const program = ['--input-type=module', '--eval', script];
  const launcher = spawn(process.execPath, [LAUNCHER, ...program], { env: environment });
  return JSON.parse(await text(launcher.stdout)) as Readonly<Record<string, string>>;
}

const shell = Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));

test('a program is started with what keeps its memory small, and hands it on to services', async () => {
  const environment = await environmentUnder(shell);
  expect(environment).toEqual(NODE_ENVIRONMENT);
  expect(childEnvironment(environment, '', {})).toEqual(NODE_ENVIRONMENT);
});

test('what a user has set stays', async () => {
  const own = { MALLOC_ARENA_MAX: '8' };
  expect(await environmentUnder({ ...shell, ...own })).toEqual({ ...NODE_ENVIRONMENT, ...own });
});
