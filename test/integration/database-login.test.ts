import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectDatabase, createPool } from '../../shared/postgres/connect.ts';
import { identifySystem } from '../../shared/postgres/identify-system.ts';
import { createDatabase, testParts } from '../support/stack.ts';
import { AUTHORITY, tlsFront } from '../support/tls-front.ts';

const applicationName = 'database-login-test';

function withParameters(url: string, parameters: Readonly<Record<string, string>>, port?: number): string {
  const address = new URL(url);
  if (port !== undefined) address.host = `localhost:${port}`;
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address.href;
}

function authorityFile(): string {
  const file = join(testParts().folder, 'authority.pem');
  writeFileSync(file, AUTHORITY);
  return file;
}

test('TLS reaches a server whose certificate the named authority signed for this name', async () => {
  await using database = await createDatabase();
  await using front = await tlsFront(database.url, 'localhost');
  const url = withParameters(database.url, { sslrootcert: authorityFile() }, front.port);
  const client = await connectDatabase({ url, applicationName });
  const { rows } = await client.query('select current_database() as name');
  expect(rows).toEqual([{ name: database.name }]);
  await client.end();
  expect((await identifySystem({ url, applicationName })).timeline).toBe(1);
});

test.each([
  ['a certificate for another name', 'elsewhere.example.com', true, /ERR_TLS_CERT_ALTNAME_INVALID/],
  ['an authority that nobody knows', 'localhost', false, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT/],
] as const)('TLS refuses %s', async (_name, certificate, isNamed, reason) => {
  await using database = await createDatabase();
  await using front = await tlsFront(database.url, certificate);
  const parameters = { sslmode: 'verify-full', ...(isNamed ? { sslrootcert: authorityFile() } : {}) };
  const url = withParameters(database.url, parameters, front.port);
  await expect(connectDatabase({ url, applicationName })).rejects.toThrow(reason);
});

test('a server without TLS is not talked to when TLS was asked for', async () => {
  await using database = await createDatabase();
  const url = withParameters(database.url, { sslmode: 'verify-full' });
  await expect(connectDatabase({ url, applicationName })).rejects.toMatchObject({
    code: 'database_unreachable',
  });
});

test('each login has a token of its own, and one that has run out is replaced once', async () => {
  await using database = await createDatabase();
  const password = decodeURIComponent(new URL(database.url).password);
  const url = withParameters(database.url, { afterglow_auth: 'iam', sslmode: 'disable' });
  const given: string[] = [];
  const tokens = (...tokenList: readonly string[]) => {
    let asked = 0;
    return async (): Promise<string> => {
      const token = tokenList[asked++] ?? tokenList.at(-1) ?? '';
      given.push(token);
      return token;
    };
  };
  const client = await connectDatabase({ url, applicationName, token: tokens('run out', password) });
  await client.end();
  expect(given).toEqual(['run out', password]);

  const pool = createPool({ url, applicationName, connectionsMax: 2, token: tokens(password) });
  const both = [await pool.connect(), await pool.connect()];
  for (const each of both) each.release();
  await pool.end();
  expect(given).toHaveLength(4);

  const never = connectDatabase({ url, applicationName, token: tokens('wrong') });
  await expect(never).rejects.toMatchObject({ code: 'database_login_refused', exit: 3 });
  expect(given).toHaveLength(6);
});
