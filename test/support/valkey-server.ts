// A Valkey of a test's own, on loopback, to be filled, spoilt, stopped and frozen.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { LOOPBACK, probePort } from '../../deploy/local/ports.ts';
import type { ValkeyAddress } from '../../shared/valkey/address.ts';
import { failIfLeftOpen } from './leaks.ts';
import { type CertificateName, tlsFront } from './tls-front.ts';
import { valkeyProgram } from './valkey-binaries.ts';
import { until } from './wait.ts';

const DEADLINE_MS = 60_000;
const ADMINISTRATOR = { user: 'administrator', password: 'of the whole server' };
/** What the services log in as: no more than they need. */
export const SERVICE = { user: 'afterglow', password: 'p%ss/w:rd@1' };
const SERVICE_RIGHTS = ['~afterglow:*', '+getrange', '+set', '+ping'];

export interface TestValkey extends AsyncDisposable {
  readonly port: number;
  /** As the service, without TLS. */
  readonly address: ValkeyAddress;
  /** As its administrator. */
  command(...words: readonly string[]): Promise<unknown>;
  start(): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** TLS in front of it. */
  withTls(certificate: CertificateName): Promise<{ readonly port: number } & AsyncDisposable>;
}

const found = await valkeyProgram();
/** Why these tests cannot run here; undefined: they can. Said once in the output, since a skipped test is easily missed. */
export const WHY_NO_VALKEY = 'missing' in found ? found.missing : undefined;
if (WHY_NO_VALKEY !== undefined) {
  process.stderr.write(`\nSKIPPED: the tests against a real Valkey, because ${WHY_NO_VALKEY}\n\n`);
}

export async function valkeyServer(): Promise<TestValkey> {
  if ('missing' in found) throw new Error(found.missing);
  const folder = mkdtempSync(join(inject('afterglow').folder, 'valkey-'));
  const port = (await probePort(0)) ?? 0;
  const closed = failIfLeftOpen(`a Valkey on port ${port}`, () => child?.kill('SIGKILL'));
  let child: ChildProcess | undefined;
  const { createClient } = await import('@redis/client');
  const command = async (...words: readonly string[]): Promise<unknown> => {
    const client = createClient({
      RESP: 2,
      socket: { host: LOOPBACK, port, reconnectStrategy: false },
      username: ADMINISTRATOR.user,
      password: ADMINISTRATOR.password,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.sendCommand([...words]);
    } finally {
      if (client.isOpen) client.destroy();
    }
  };
  const start = async (): Promise<void> => {
    const settings = {
      port: String(port),
      bind: LOOPBACK,
      dir: folder,
      save: '',
      appendonly: 'no',
      logfile: join(folder, 'log'),
    };
    const users = [
      ['default', 'off'],
      [ADMINISTRATOR.user, 'on', `>${ADMINISTRATOR.password}`, '~*', '&*', '+@all'],
      [SERVICE.user, 'on', `>${SERVICE.password}`, ...SERVICE_RIGHTS],
    ];
    const lines = [
      ...Object.entries(settings).map(([name, value]) => `${name} ${quoted(value)}`),
      ...users.map((words) => `user ${words.map(quoted).join(' ')}`),
    ];
    const started = spawn(found.file, ['-'], { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'] });
    child = started;
    started.stdin.end(`${lines.join('\n')}\n`);
    const answers = (): Promise<boolean> =>
      command('PING').then(
        () => true,
        () => false,
      );
    await until(answers, { deadlineMs: DEADLINE_MS, what: 'Valkey to answer' });
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  };
  await start().catch(async (error: unknown) => {
    closed();
    await kill();
    throw error;
  });
  return {
    port,
    address: {
      host: LOOPBACK,
      port,
      usesTls: false,
      authority: undefined,
      ...SERVICE,
      database: 0,
    },
    command,
    start,
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    withTls: (certificate) => tlsFront(`valkey://${LOOPBACK}:${port}`, certificate, 'at_once'),
    async [Symbol.asyncDispose]() {
      closed();
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

const quoted = (word: string): string => `"${word}"`;
