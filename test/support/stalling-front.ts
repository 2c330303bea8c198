// A way to the real server that stops carrying, or carries late, without a word to either end.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { frontUrl } from './front-url.ts';

/** Which way bytes still go. */
export type Carrying = 'both' | 'to_client' | 'none';

export interface StallingFront extends AsyncDisposable {
  /** The same database, by this way. */
  readonly url: string;
  /** What connections that are there carry from now on; what comes meanwhile is lost. New ones carry both ways. */
  stall(carrying: Carrying): void;
  /** Each way takes this long from now on. */
  delay(milliseconds: number): void;
}

interface Way {
  carrying: Carrying;
}

export async function stallingFront(databaseUrl: string): Promise<StallingFront> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  const ways = new Set<Way>();
  const ending = new AbortController();
  let delayMs = 0;
  const server = createServer((socket) => {
    const behind = connect(Number(target.port), target.hostname);
    const way: Way = { carrying: 'both' };
    ways.add(way);
    for (const each of [socket, behind]) {
      open.add(each);
      each.on('error', () => {});
    }
    // An end goes the same way as the bytes: whoever waits behind a stalled one hears nothing of it.
    carry(
      socket,
      behind,
      () => way.carrying === 'both',
      () => delayMs,
      ending.signal,
    );
    carry(
      behind,
      socket,
      () => way.carrying !== 'none',
      () => delayMs,
      ending.signal,
    );
  });
  const url = await frontUrl(server, databaseUrl);
  return {
    url,
    stall(carrying) {
      for (const way of ways) way.carrying = carrying;
      ways.clear();
    },
    delay(milliseconds) {
      delayMs = milliseconds;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function carry(
  from: Socket,
  to: Socket,
  isOpen: () => boolean,
  delayMs: () => number,
  ending: AbortSignal,
): void {
  let last = Promise.resolve();
  const later = (act: () => void): void => {
    const due = delayMs() === 0 ? Promise.resolve() : pause(delayMs(), ending).then(() => {});
    // In the order in which they came, however the delay changes.
    last = last.then(async () => {
      await due;
      if (isOpen()) act();
    });
  };
  from.on('data', (chunk: Buffer) => later(() => to.write(chunk)));
  from.on('close', () => later(() => to.destroy()));
}
