import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { lookBesideStream } from '../../services/reader/beside-stream.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createDatabase } from '../support/stack.ts';

test('who is told to end while it still connects begins no look: a long one would keep the slot from the next reader', async () => {
  await using database = await createDatabase();
  const target = new URL(database.url);
  const stopping = new AbortController();
  const front = createServer((socket) => {
    stopping.abort();
    const behind = connect(Number(target.port), target.hostname);
    for (const each of [socket, behind]) each.on('error', () => {});
    socket.pipe(behind).pipe(socket);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const url = new URL(database.url);
  url.host = `127.0.0.1:${(front.address() as AddressInfo).port}`;
  let looks = 0;
  const parts = {
    databaseUrl: url.href,
    applicationName: 'test',
    logger: createLogger('test', 'silent'),
    trouble: '',
  };
  const look = async (): Promise<number> => ++looks;
  await lookBesideStream(parts, look, stopping.signal);
  front.close();
  expect(stopping.signal.aborted).toBe(true);
  expect(looks).toBe(0);
});
