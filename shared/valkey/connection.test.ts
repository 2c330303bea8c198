import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type ValkeyClient, ValkeySilent, within } from './client.ts';
import { ValkeyConnection } from './connection.ts';

const NEVER = new Promise<never>(() => {});

/** A server whose answers, and whose time, the test decides. */
class Server {
  readonly heard: string[] = [];
  connects: () => Promise<unknown> = () => Promise.resolve();
  reads: () => Promise<readonly (string | undefined)[]> = () => Promise.resolve(['found']);
  keeps: () => Promise<void> = () => Promise.resolve();
  nowMs = 0;
  connections = 0;
  asked = 0;
  ended = 0;

  open(answerMaxMs = 20): ValkeyConnection {
    return new ValkeyConnection({
      connect: async (): Promise<ValkeyClient> => {
        this.connections++;
        await this.connects();
        return {
          read: () => {
            this.asked++;
            return this.reads();
          },
          keep: () => {
            this.asked++;
            return this.keeps();
          },
          end: () => {
            this.ended++;
          },
        };
      },
      observer: {
        away: (problem) => this.heard.push(`away: ${problem}`),
        back: () => this.heard.push('back'),
      },
      clock: () => this.nowMs,
      random: () => 1,
      answerMaxMs,
    });
  }
}

/** Lets what is due go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an answer that came while this process stood still is no time-out', async () => {
  const standStill = (milliseconds: number): void => {
    const untilMs = performance.now() + milliseconds;
    while (performance.now() < untilMs);
  };
  const answer = within(stat('.'), 5);
  standStill(200);
  expect((await answer).isDirectory()).toBe(true);
  await expect(within(NEVER, 5)).rejects.toBeInstanceOf(ValkeySilent);
});

test('a server that is silent costs one time-out; the next thousand questions ask nobody', async () => {
  const server = new Server();
  server.reads = () => NEVER;
  await using connection = server.open();
  await connection.connected();
  expect(await connection.read(['a', 'b'])).toEqual([undefined, undefined]);
  for (let question = 0; question < 1_000; question++) {
    expect(await connection.read(['a'])).toEqual([undefined]);
  }
  expect([server.asked, server.connections, server.ended]).toEqual([1, 1, 1]);
  expect(server.heard).toEqual(['away: timeout']);
});

test('it is tried again ever more rarely, and used again when it answers', async () => {
  const server = new Server();
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  server.connects = () => Promise.reject(refused);
  await using connection = server.open();
  const waitsMs: number[] = [];
  let lastMs = 0;
  await connection.connected();
  for (; server.nowMs < 120_000; server.nowMs += 250) {
    const before = server.connections;
    expect(await connection.read(['a'])).toEqual([undefined]);
    await turn();
    if (server.connections === before) continue;
    waitsMs.push(server.nowMs - lastMs);
    lastMs = server.nowMs;
  }
  expect(waitsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  server.connects = () => Promise.resolve();
  server.nowMs += 30_000;
  expect(await connection.read(['a'])).toEqual([undefined]);
  await turn();
  expect(await connection.read(['a'])).toEqual(['found']);
  expect(server.heard).toEqual(['away: ECONNREFUSED', 'back']);
});

test('one that takes connections and answers nothing is tried as rarely as one that is gone', async () => {
  const server = new Server();
  server.reads = () => Promise.reject(new Error('LOADING the data set'));
  await using connection = server.open();
  await connection.connected();
  for (; server.nowMs < 120_000; server.nowMs += 250) {
    await connection.read(['a']);
    await turn();
  }
  expect(server.asked).toBe(8);
  expect(server.heard.at(0)).toBe('away: LOADING');
});

test('what cannot be kept loses the connection, not the caller; too much at once is left out', async () => {
  const server = new Server();
  const texts = (characters: number) => [{ key: 'a', text: 'x'.repeat(characters) }];
  const first = Promise.withResolvers<void>();
  server.keeps = () => first.promise;
  await using connection = server.open(60_000);
  await connection.connected();
  connection.keep(texts(4 * 1_048_576), 1_000);
  connection.keep(texts(1), 1_000);
  expect(server.asked).toBe(1);
  first.resolve();
  await turn();
  server.keeps = () => Promise.reject(new Error('READONLY a replica'));
  connection.keep(texts(1), 1_000);
  await turn();
  expect(server.heard).toEqual(['away: READONLY']);
  connection.keep(texts(1), 1_000);
  expect(server.asked).toBe(2);
});

test('its end waits for what is being kept, and for a connection that is under way', async () => {
  const server = new Server();
  const kept = Promise.withResolvers<void>();
  server.keeps = () => kept.promise;
  const connection = server.open(60_000);
  await connection.connected();
  connection.keep([{ key: 'a', text: 'x' }], 1_000);
  let isEnded = false;
  const ending = connection[Symbol.asyncDispose]().then(() => {
    isEnded = true;
  });
  await turn();
  expect([isEnded, server.ended]).toEqual([false, 0]);
  kept.resolve();
  await ending;
  expect(server.ended).toBe(1);

  const late = new Server();
  const opened = Promise.withResolvers<void>();
  late.connects = () => opened.promise;
  const other = late.open();
  void other.connected();
  const end = other[Symbol.asyncDispose]();
  opened.resolve();
  await end;
  expect(late.ended).toBe(1);
  expect(await other.read(['a'])).toEqual([undefined]);
  expect(late.connections).toBe(1);
});
