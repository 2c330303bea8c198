import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Surroundings } from './invocation.ts';
import { createProgram, runProgram } from './program.ts';
import { packageVersion } from './version.ts';

class Text extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

function surroundings(
  environment: Record<string, string> = {},
): Surroundings & { standardOutput: Text; standardError: Text } {
  return { environment, folder: '/nowhere', standardOutput: new Text(), standardError: new Text() };
}

async function run(commandLine: string, environment: Record<string, string> = {}) {
  const around = surroundings(environment);
  const status = await runProgram(commandLine === '' ? [] : commandLine.split(' '), around);
  return { status, out: around.standardOutput.text, err: around.standardError.text };
}

function allCommands(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  return command.commands.flatMap((each) => [
    [...path, each.name()],
    ...allCommands(each, [...path, each.name()]),
  ]);
}

test('the help of every command', { timeout: 60_000 }, async () => {
  const program = createProgram({ surroundings: surroundings(), status: 0 });
  for (const path of [[], ...allCommands(program)]) {
    const { status, out, err } = await run([...path, '--help'].join(' '));
    expect({ status, err }).toEqual({ status: 0, err: '' });
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(118);
    await expect(out).toMatchFileSnapshot(`golden/help${path.map((name) => `-${name}`).join('')}.txt`);
  }
});

test('without a command the help is shown', async () => {
  expect((await run('')).out).toBe((await run('--help')).out);
});

test('the version', async () => {
  expect(await run('--version')).toEqual({ status: 0, out: `${packageVersion()}\n`, err: '' });
});

test.each([
  ['statsu', 2, "Unknown command 'statsu'. Did you mean status?"],
  ['up --forr 3s', 2, "Unknown option '--forr'. Did you mean --for?"],
  [
    'up --for 30',
    2,
    "Option '--for <duration>' argument '30' is invalid. It takes a duration such as 30s, 5m or 1h30m.",
  ],
  [
    'up --postgres 17',
    2,
    "Option '--postgres <version>' argument '17' is invalid. Allowed choices are 16, 18.",
  ],
  ['enricher', 2, "Missing required argument 'enrichment'."],
  ['status extra', 2, "Too many arguments for 'status'. Expected 0 arguments but got 1."],
  ['config chekc', 2, "Unknown command 'chekc'. Did you mean check?"],
  ['config', 2, 'A command is missing: check, show or schema.'],
  ['env', 3, 'Nothing is running here.'],
  ['enricher fraud', 2, 'The definition file /nowhere/afterglow.yaml cannot be read.'],
])('%s ends with status %d and one sentence', async (commandLine, status, message) => {
  const plain = await run(commandLine);
  expect(plain.status).toBe(status);
  expect(plain.out).toBe('');
  expect(plain.err).toMatch(/^Error: .+\nWhat to do: .+\n$/);
  expect(plain.err).toContain(`Error: ${message}\n`);
  const asJson = await run(`${commandLine} --json`);
  expect(asJson.err).toBe('');
  const { error } = JSON.parse(asJson.out) as { error: Record<string, string> };
  expect(Object.keys(error)).toEqual(['code', 'message', 'remedy']);
  expect(error.message).toBe(message);
});

test('global options are taken before and after the command', async () => {
  const before = await run('--json env');
  expect(before.out).toContain('"stack_not_running"');
  expect(await run('env --json')).toEqual(before);
});

test('nothing that a setting holds is told back', async () => {
  const { err } = await run('sql --json select', { DATABASE_URL: 'mysql://me:secret@host/db' });
  expect(err).not.toContain('secret');
});
