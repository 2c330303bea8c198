// Valkey in front of the answers in PostgreSQL: a real server, with its access list, TLS, and everything that can happen to it.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { readValkeyFacts } from '../../services/cli/doctor/valkey.ts';
import { parseMetrics, sumOf } from '../../services/cli/view/metrics-text.ts';
import { createPool, type DatabasePool } from '../../shared/postgres/connect.ts';
import { migrationStatements, pendingMigrations } from '../../shared/side-tables/migrations.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { type ValkeyAddress, valkeyAddress } from '../../shared/valkey/address.ts';
import { createEnrichment, embedding } from '../support/enrichment.ts';
import { startLookingUp } from '../support/looking-up.ts';
import { type OwnServer, ownServer } from '../support/own-server.ts';
import { createDatabase } from '../support/stack.ts';
import { AUTHORITY } from '../support/tls-front.ts';
import { SERVICE, type TestValkey, valkeyServer, WHY_NO_VALKEY } from '../support/valkey-server.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const FROZEN_MAX_MS = 60_000;
const KEYS = 'afterglow:answer:1:*';

async function poolOf(url: string, cleanup: AsyncDisposableStack): Promise<DatabasePool> {
  const pool = createPool({ url, applicationName: 'cache', connectionsMax: 2 });
  cleanup.defer(() => pool.end());
  for (const sql of pendingMigrations([]).flatMap(migrationStatements)) await pool.query(sql);
  return pool;
}

async function setUp(cleanup: AsyncDisposableStack): Promise<{ valkey: TestValkey; database: DatabasePool }> {
  const valkey = cleanup.use(await valkeyServer());
  const { url } = cleanup.use(await createDatabase());
  return { valkey, database: await poolOf(url, cleanup) };
}

const keysOf = async (valkey: TestValkey): Promise<readonly string[]> =>
  (await valkey.command('KEYS', KEYS)) as string[];
const kept = (valkey: TestValkey, count: number): Promise<readonly string[]> =>
  until(
    async () => {
      const keys = await keysOf(valkey);
      return keys.length === count ? keys : undefined;
    },
    { deadlineMs: DEADLINE_MS, what: `${count} answers in Valkey` },
  );

describe.skipIf(WHY_NO_VALKEY !== undefined)('Valkey in front of PostgreSQL', () => {
  test('what one process paid for is found there by another, without a word to PostgreSQL, for a week', async () => {
    await using cleanup = new AsyncDisposableStack();
    const { valkey, database } = await setUp(cleanup);
    const one = cleanup.use(await startLookingUp(database, valkey.address));
    expect(await one.ask('first')).toBe('model');
    const [key = ''] = await kept(valkey, 1);
    const leftMs = Number(await valkey.command('PTTL', key));
    expect(leftMs).toBeGreaterThan(6.9 * 86_400_000);
    expect(leftMs).toBeLessThanOrEqual(7 * 86_400_000);
    await database.query('delete from afterglow_internal.request_cache');
    const other = cleanup.use(await startLookingUp(database, valkey.address));
    expect(await other.ask('first')).toBe('valkey');
    expect([one.calls, other.calls]).toEqual([1, 0]);
    expect([...one.heard, ...other.heard]).toEqual([]);
  });

  test('an empty Valkey is filled from PostgreSQL by what is asked', async () => {
    await using cleanup = new AsyncDisposableStack();
    const { valkey, database } = await setUp(cleanup);
    const process = cleanup.use(await startLookingUp(database, valkey.address));
    expect(await process.ask('first')).toBe('model');
    await kept(valkey, 1);
    await valkey.command('FLUSHALL');
    expect(await process.ask('first')).toBe('shared');
    await kept(valkey, 1);
    expect(await process.ask('first')).toBe('valkey');
    expect(process.calls).toBe(1);
  });

  test('what others wrote under our keys is no answer: PostgreSQL gives it, and it is written anew', async () => {
    await using cleanup = new AsyncDisposableStack();
    const { valkey, database } = await setUp(cleanup);
    const process = cleanup.use(await startLookingUp(database, valkey.address));
    for (const text of ['first', 'second']) expect(await process.ask(text)).toBe('model');
    const [first = '', second = ''] = await kept(valkey, 2);
    const texts = await Promise.all([first, second].map((key) => valkey.command('GET', key)));
    const spoilt: readonly (readonly [words: readonly string[], heard: readonly string[]])[] = [
      [['SET', first, String(texts[1])], ['refused']],
      [['SET', first, '{"text":"answer to nothing"}'], ['refused']],
      [['SET', first, String(texts[0]).replace('answer', 'anzwer')], ['refused']],
      // Neither is even taken over the wire as a whole.
      [['SET', first, 'x'.repeat(1_000_000)], []],
      [['LPUSH', first, 'an element'], []],
    ];
    for (const [words, heard] of spoilt) {
      await valkey.command('DEL', first);
      await valkey.command(...words);
      const before = process.heard.length;
      const found = [await process.ask('first'), await process.ask('second')].toSorted();
      expect([words[0], found]).toEqual([words[0], ['shared', 'valkey']]);
      expect(process.heard.slice(before)).toEqual(heard);
      await until(async () => (await valkey.command('GET', first).catch(() => '')) === texts[0], {
        deadlineMs: DEADLINE_MS,
        what: 'the answer to be written anew',
      });
    }
    expect(process.calls).toBe(2);
  });

  test('a full Valkey keeps nothing new and stays in use', async () => {
    await using cleanup = new AsyncDisposableStack();
    const { valkey, database } = await setUp(cleanup);
    const process = cleanup.use(await startLookingUp(database, valkey.address));
    expect(await process.ask('first')).toBe('model');
    await kept(valkey, 1);
    await valkey.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await valkey.command('CONFIG', 'SET', 'maxmemory', '1');
    expect(await process.ask('second')).toBe('model');
    expect(await process.ask('second')).toBe('shared');
    expect(await process.ask('first')).toBe('valkey');
    expect(process.heard).toEqual([]);
  });

  test('gone, frozen and back again: rows are answered by PostgreSQL meanwhile, and nothing is paid twice', async () => {
    await using cleanup = new AsyncDisposableStack();
    const { valkey, database } = await setUp(cleanup);
    const process = cleanup.use(await startLookingUp(database, valkey.address, 500));
    expect(await process.ask('first')).toBe('model');
    const usedAgain = async (): Promise<void> => {
      await until(async () => (await process.ask('first')) === 'valkey', {
        deadlineMs: DEADLINE_MS,
        what: 'Valkey to be used again',
      });
    };
    await usedAgain();
    await valkey.kill();
    expect(await process.ask('first')).toBe('shared');
    expect(await process.ask('second')).toBe('model');
    await valkey.start();
    await usedAgain();
    valkey.freeze();
    const beganAtMs = performance.now();
    for (let row = 0; row < 200; row++) expect(await process.ask('first')).toBe('shared');
    // With a time-out for each row it would be a hundred seconds.
    expect(performance.now() - beganAtMs).toBeLessThan(FROZEN_MAX_MS);
    valkey.thaw();
    await usedAgain();
    expect(process.calls).toBe(2);
    expect(process.heard.filter((word) => word.startsWith('away')).length).toBeGreaterThanOrEqual(2);
    expect(process.heard.filter((word) => !/^(away: |back$)/.test(word))).toEqual([]);
  });

  test('while PostgreSQL is away what Valkey holds is given out, and what is not durable is neither there nor given out', async () => {
    await using cleanup = new AsyncDisposableStack();
    const valkey = cleanup.use(await valkeyServer());
    const server: OwnServer = cleanup.use(await ownServer(18));
    const database = await poolOf(server.url, cleanup);
    const process = cleanup.use(await startLookingUp(database, valkey.address));
    expect(await process.ask('first')).toBe('model');
    await kept(valkey, 1);
    await server.stop();
    const waiting = process.ask('second');
    await until(() => process.heard.includes('paused'), { deadlineMs: DEADLINE_MS, what: 'the pause' });
    expect(await process.ask('first')).toBe('valkey');
    expect(process.calls).toBe(1);
    await server.start();
    expect(await waiting).toBe('model');
    await kept(valkey, 2);
    const paid = process.ask('third', () => server.stop());
    const pauses = (): number => process.heard.filter((word) => word === 'paused').length;
    await until(() => pauses() === 2, { deadlineMs: DEADLINE_MS, what: 'the answer to wait' });
    expect(await keysOf(valkey)).toHaveLength(2);
    await server.start();
    expect(await paid).toBe('model');
    await kept(valkey, 3);
    expect(process.heard).toEqual(['paused', 'resumed', 'paused', 'resumed']);
  });

  test('with TLS it is used only if a known authority signed for its name, and only with the right password', async () => {
    await using cleanup = new AsyncDisposableStack();
    const { valkey, database } = await setUp(cleanup);
    const file = join(mkdtempSync(join(inject('afterglow').folder, 'valkey-ca-')), 'authority.pem');
    writeFileSync(file, AUTHORITY);
    const login = (password: string): string => `${SERVICE.user}:${encodeURIComponent(password)}`;
    const right = login(SERVICE.password);
    const cases = [
      ['localhost', right, file, undefined],
      ['localhost', right, undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['localhost, of another authority', right, file, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['elsewhere.example.com', right, file, 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['localhost', login('wrong'), file, 'WRONGPASS'],
      ['localhost', '', file, 'NOAUTH'],
    ] as const;
    for (const [certificate, user, authority, problem] of cases) {
      await using front = await valkey.withTls(certificate);
      const url = `valkeys://${user === '' ? '' : `${user}@`}localhost:${front.port}`;
      const address = valkeyAddress(url, { authority, password: undefined });
      await using process = await startLookingUp(database, address);
      const text = `by ${certificate} as ${user} of ${authority}`;
      expect(await process.ask(text)).toBe('model');
      if (problem === undefined) await kept(valkey, 1);
      expect([text, await process.ask(text)]).toEqual([text, problem === undefined ? 'valkey' : 'shared']);
      expect(process.heard).toEqual(problem === undefined ? [] : [`away: ${problem}`]);
    }
    expect(await keysOf(valkey)).toHaveLength(1);
  });

  test('doctor keeps a text there and reads it back as the service would, and says what is in the way', async () => {
    await using valkey = await valkeyServer();
    const { address } = valkey;
    const problemOf = async (changes: Partial<ValkeyAddress> = {}): Promise<string | undefined> =>
      (await readValkeyFacts({ ...address, ...changes })).problem;
    expect(await problemOf()).toBeUndefined();
    expect(await problemOf({ password: 'wrong' })).toBe('WRONGPASS');
    expect(await problemOf({ port: 1 })).toBe('ECONNREFUSED');
    await valkey.command('ACL', 'SETUSER', SERVICE.user, '-set');
    expect(await problemOf()).toBe('NOPERM');
    await valkey.command('ACL', 'SETUSER', SERVICE.user, '+set');
    await valkey.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await valkey.command('CONFIG', 'SET', 'maxmemory', '1');
    expect(await problemOf()).toBe('no_room');
  });

  test('an enricher whose Valkey is set finds there what another one paid for, and tells it by its metrics', async () => {
    await using cleanup = new AsyncDisposableStack();
    const valkey = cleanup.use(await valkeyServer());
    const setting = cleanup.use(await createEnrichment(embedding(), { valkey: valkey.address }));
    const notes = ['it works well', 'it does not', 'it never did'];
    const found = async (ids: number): Promise<Record<string, number>> => {
      await using enricher = setting.start('embedding');
      const payments = notes.map((note, place) => ({ id: ids + place, note }));
      await setting.publish(payments);
      await setting.settled(ids + notes.length, 'embedding');
      const samples = parseMetrics(await enricher.registry.metrics());
      expect(sumOf(samples, METRIC.enricher.valkeyAway)).toBe(0);
      const layers = ['model', 'shared', 'valkey'];
      return Object.fromEntries(
        layers.map((layer) => [layer, sumOf(samples, METRIC.enricher.requests, { found: layer }) ?? 0]),
      );
    };
    expect(await found(0)).toEqual({ model: 3, shared: 0, valkey: 0 });
    await kept(valkey, 3);
    expect(await found(3)).toEqual({ model: 0, shared: 0, valkey: 3 });
  });
});
