import { createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** The port if it can be listened on now; 0 asks for any. Undefined when something else has it. */
export async function probePort(port: number): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

export interface ChosenPort {
  readonly port: number;
  /** The first wish, when something else has it. */
  readonly busy?: number;
}

/** The first of the wishes that is free, else any free port; never one of `taken`, which is chosen but not yet in use. */
export async function choosePort(
  wishes: readonly (number | undefined)[],
  taken: readonly number[] = [],
  probe: (port: number) => Promise<number | undefined> = probePort,
): Promise<ChosenPort> {
  const wanted = wishes.filter((wish) => wish !== undefined && wish !== 0);
  for (const wish of wanted) {
    if (wish === undefined || taken.includes(wish)) continue;
    if ((await probe(wish)) === wish) return portAndBusy(wish, wanted[0]);
  }
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const port = await probe(0);
    if (port !== undefined && !taken.includes(port)) return portAndBusy(port, wanted[0]);
  }
  throw new Error(`no free port on ${LOOPBACK}`);
}

function portAndBusy(port: number, wish: number | undefined): ChosenPort {
  return wish === undefined || wish === port ? { port } : { port, busy: wish };
}
