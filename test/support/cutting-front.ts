// A way to the real server that breaks at a chosen trip: before the server hears of it, or when it is done and its answer is
// on the way, as that to a commit may be.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { frontUrl } from './front-url.ts';

type CutAt = 'question' | 'answer';

export interface CuttingFront extends AsyncDisposable {
  /** The same database, by this way. */
  readonly url: string;
  /** How many connections were cut so far. */
  readonly cuts: Readonly<Record<CutAt, number>>;
  /** Cuts the connection that makes this trip, counted from 1 from now on, whichever it is. */
  cut(trip: number, at: CutAt): void;
  /** What was still to be cut is left whole. */
  spare(): void;
}

export async function cuttingFront(databaseUrl: string): Promise<CuttingFront> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  const planned = new Map<number, CutAt>();
  const cuts = { question: 0, answer: 0 };
  let trips = 0;
  const server = createServer((socket) => {
    const behind = connect(Number(target.port), target.hostname);
    const both = [socket, behind];
    let isDoomed = false;
    for (const each of both) {
      open.add(each);
      each.on('error', () => {});
      each.on('close', () => {
        for (const one of both) {
          one.destroy();
          open.delete(one);
        }
      });
    }
    const cut = (at: CutAt): void => {
      cuts[at] += 1;
      socket.destroy();
    };
    // Whoever asks waits for the answer, so a question is never in two chunks here.
    socket.on('data', (chunk: Buffer) => {
      trips += 1;
      const at = planned.get(trips);
      planned.delete(trips);
      if (at === 'question') return cut(at);
      isDoomed ||= at === 'answer';
      behind.write(chunk);
    });
    behind.on('data', (chunk: Buffer) => {
      if (isDoomed) return cut('answer');
      socket.write(chunk);
    });
  });
  const url = await frontUrl(server, databaseUrl);
  return {
    url,
    cuts,
    cut: (trip, at) => planned.set(trips + trip, at),
    spare: () => planned.clear(),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
