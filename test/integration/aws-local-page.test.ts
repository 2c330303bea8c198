// docs/aws-local.md is what people type: every control on it works, and no fault or check is missing there.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsLocal, startAwsLocal } from '../../services/aws-local/main.ts';

const COMMAND = /^ {4}curl (?:-X (\w+) )?(?:http:\/\/127\.0\.0\.1|localhost):4100(\/\S+)(?: -d '(.*)')?$/gm;

let awsLocal: AwsLocal;
let page: string;
beforeAll(async () => {
  awsLocal = await startAwsLocal({ port: 0, seed: 1 });
  page = await readFile(new URL('../../docs/aws-local.md', import.meta.url), 'utf8');
});
afterAll(() => awsLocal.close());

test('every curl line of the page is taken', async () => {
  const commands = [...page.matchAll(COMMAND)];
  expect(commands.length).toBe(page.match(/^ {4}curl /gm)?.length);
  for (const [line, method, path = '', body] of commands) {
    const answer = await fetch(`${awsLocal.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      ...(body === undefined ? {} : { body }),
    });
    expect(answer.ok, `${line}: ${await answer.text()}`).toBe(true);
  }
});

test('every kind of fault and every check has a line there', async () => {
  const known = await fetch(`${awsLocal.url}/_control/faults`, {
    method: 'POST',
    body: '{"fault":{"kind":"?"}}',
  });
  const kinds = Array.from(
    ((await known.json()) as { error: string }).error.matchAll(/'(\w+)'/g),
    ([, kind]) => kind,
  );
  expect(kinds.length).toBeGreaterThan(20);
  for (const kind of kinds) expect(page).toContain(`-d '{"fault":{"kind":"${kind}"`);
  for (const check of Object.keys(awsLocal.control.checks())) expect(page).toContain(`"${check}":`);
});
