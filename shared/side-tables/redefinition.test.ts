import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Definition } from '../config/definition.ts';
import { AfterglowError } from '../errors/catalogue.ts';
import { Fault } from '../errors/policy.ts';
import { DatabaseError, type Queryable } from '../postgres/connect.ts';
import { createLogger } from '../telemetry/logger.ts';
import { redefinition } from './redefinition.ts';

// Time stands still but for what a test lets pass.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE_MS = 60_000;
const state = (code: string): Error => Object.assign(new DatabaseError('said', 1, 'error'), { code });

/** How the session of `fraud` ends when every look at the definition meets this. */
async function endOf(error: Error): Promise<AbortSignal> {
  const database = { query: () => Promise.reject(error) } as unknown as Queryable;
  const over = new AbortController();
  const read = [{ enrichment: 'fraud', keyColumns: [] }];
  const logger = createLogger('test', 'silent');
  const redefined = redefinition(database, {} as Definition, read, logger, over.signal);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  over.abort();
  return redefined;
}

test('a definition that was replaced ends the session without a fault', async () => {
  const { aborted, reason } = await endOf(new AfterglowError('revision_unregistered'));
  expect(aborted).toBe(true);
  expect(reason).not.toBeInstanceOf(Fault);
});

test.each([
  ['a privilege that is missing', state('42501'), '42501'],
  ['an internal error of the server', state('XX000'), 'XX000'],
  ['side tables that are gone', new AfterglowError('database_not_initialised'), 'database_not_initialised'],
  ['a defect', new TypeError('undefined is no function'), 'TypeError'],
])('%s is no other definition: it ends the session as a fault', async (_, error, code) => {
  const { reason } = await endOf(error);
  expect(reason).toMatchObject({ name: 'Fault', kind: 'unknown', code, cause: error });
});

test('a fault for somebody to put right stays what it is', async () => {
  const fault = new Fault('set_up', 'key_type_changed', 'said');
  expect((await endOf(fault)).reason).toBe(fault);
});

test.each([
  ['57P01', state('57P01')],
  ['a lost connection', Object.assign(new Error('said'), { code: 'ECONNRESET' })],
])('a database that is away (%s) ends nothing', async (_, error) => {
  expect((await endOf(error)).aborted).toBe(false);
});
