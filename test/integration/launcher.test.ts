// The launcher with a small program behind it: signals are counted once, ends are handed on, nobody is left alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { identityOf, isAlive, type ProcessIdentity } from '../../deploy/local/processes.ts';
import { startChild } from '../support/child.ts';
import { failIfLeftOpen } from '../support/leaks.ts';
import { until } from '../support/wait.ts';

const NODE24 = resolve('services/cli/node24.js');
const LINK = resolve('services/cli/launcher-link.ts');
const DEADLINE_MS = 60_000;

/** Says what reaches it, and ends with status 7 on SIGTERM. */
const PROGRAM = `
import { linkToLauncher } from ${JSON.stringify(LINK)};
linkToLauncher();
const say = (text) => process.stdout.write(text + '\\n');
process.on('SIGINT', () => say('SIGINT'));
process.on('SIGTERM', () => { say('SIGTERM'); process.exit(7); });
process.on('disconnect', () => { say('launcher gone'); process.exit(0); });
setInterval(() => {}, 1000);
say('ready ' + process.pid);
`;
const LAUNCHER = `
import { runWithNode24 } from ${JSON.stringify(NODE24)};
runWithNode24(process.argv[2], [], { linked: true });
`;

interface Launched extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly program: ProcessIdentity;
  readonly output: () => string;
  said(pattern: RegExp): Promise<unknown>;
}

/** In a process group of its own, as a shell starts it on a terminal. */
async function launch(command: (launcher: string, program: string) => readonly string[]): Promise<Launched> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'afterglow-launcher-'));
  const launcher = join(folder.path, 'launcher.mjs');
  const program = join(folder.path, 'program.mjs');
  await writeFile(launcher, LAUNCHER);
  await writeFile(program, PROGRAM);
  const scripts = { go: `node ${launcher} ${program}` };
  await writeFile(join(folder.path, 'package.json'), JSON.stringify({ name: 'x', scripts }));
  const [file = 'node', ...fileArguments] = command(launcher, program);
  const environment = { ...process.env };
  delete environment.npm_lifecycle_event;
  const child = spawn(file, fileArguments, {
    cwd: folder.path,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const said = (pattern: RegExp) =>
    until(() => pattern.exec(output), { deadlineMs: DEADLINE_MS, what: `${pattern} in: ${output}` });
  const [, pid = '0'] = await said(/ready (\d+)/);
  const identity = identityOf(Number(pid));
  if (identity === undefined) throw new Error('the program ended at once');
  const closed = failIfLeftOpen('the launched program', () => process.kill(identity.pid, 'SIGKILL'));
  return {
    child,
    program: identity,
    output: () => output,
    said,
    async [Symbol.asyncDispose]() {
      if (isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
      await until(() => !isAlive(identity), { deadlineMs: DEADLINE_MS, what: 'the end of the program' });
      closed();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await folder.remove();
    },
  };
}

const directly = (launcher: string, program: string) => [process.execPath, launcher, program];
const count = (output: string, word: string): number => output.split(`${word}\n`).length - 1;

test('one Ctrl-C reaches the whole group and counts once; the exit status is handed on', async () => {
  await using launched = await launch(directly);
  const { child } = launched;
  const ended = once(child, 'exit');
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await launched.said(/SIGINT/);
  // Reported later than the SIGINT and decided later, so that a second SIGINT would have come before it.
  child.kill('SIGTERM');
  await launched.said(/SIGTERM/);
  expect(await ended).toEqual([7, null]);
  expect(count(launched.output(), 'SIGINT')).toBe(1);
  expect(count(launched.output(), 'SIGTERM')).toBe(1);
});

test('a second Ctrl-C counts', async () => {
  await using launched = await launch(directly);
  const group = -(launched.child.pid ?? 0);
  for (const times of [1, 2]) {
    process.kill(group, 'SIGINT');
    await until(() => count(launched.output(), 'SIGINT') === times, {
      deadlineMs: DEADLINE_MS,
      what: `SIGINT number ${times}`,
    });
  }
});

test('a signal that only the launcher gets reaches the program', async () => {
  await using launched = await launch(directly);
  launched.child.kill('SIGINT');
  await launched.said(/SIGINT/);
  launched.child.kill('SIGTERM');
  await launched.said(/SIGTERM/);
  expect(count(launched.output(), 'SIGINT')).toBe(1);
});

test('the program notices that its launcher was killed', async () => {
  await using launched = await launch(directly);
  launched.child.kill('SIGKILL');
  await launched.said(/launcher gone/);
  await until(() => !isAlive(launched.program), { deadlineMs: DEADLINE_MS, what: 'the end of the program' });
  expect(launched.output()).not.toContain('SIGTERM');
});

test('when npm was killed, the program is told to end', async () => {
  await using launched = await launch(() => ['npm', 'run', '--silent', 'go']);
  launched.child.kill('SIGKILL');
  await launched.said(/SIGTERM/);
  await until(() => !isAlive(launched.program), { deadlineMs: DEADLINE_MS, what: 'the end of the program' });
  expect(count(launched.output(), 'SIGTERM')).toBe(1);
});

test('a timer of the Kafka client that is already due is not warned of', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'afterglow-launcher-'));
  const program = join(folder.path, 'late.mjs');
  await writeFile(program, "setTimeout(() => process.stdout.write('due\\n'), -1);\n");
  await using child = await startChild(NODE24, [program]);
  expect(await child.ended).toEqual({ status: 0, signal: null });
  expect(child.output).toBe('due\n');
});
