import { connect, type Socket } from 'node:net';

const HEADER_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /^content-length: (\d+)\r$/im;

/** Sends every request once over so many kept-alive connections, one at a time on each; resolves with the time it took. */
export async function sendAll(
  port: number,
  requests: readonly Buffer[],
  connections: number,
): Promise<number> {
  let next = 0;
  const beginMs = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = await open(port);
      while (next < requests.length) {
        const request = requests[next];
        next += 1;
        if (request !== undefined) await connection.send(request);
      }
      connection.end();
    }),
  );
  return performance.now() - beginMs;
}

/** As lean as can be: the client shares the machine with what is measured. */
async function open(port: number) {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.setNoDelay(true);
  return {
    send: (request: Buffer) => exchange(socket, request),
    end: () => socket.destroy(),
  };
}

function exchange(socket: Socket, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    let left = Number.NaN;
    const onData = (chunk: Buffer): void => {
      if (Number.isNaN(left)) {
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        const end = head.indexOf(HEADER_END);
        if (end < 0) return;
        const text = head.toString('latin1', 0, end + 2);
        if (!text.startsWith('HTTP/1.1 200 ')) {
          finish(new Error(`answered with ${text.slice(0, 40)}`));
          return;
        }
        left = Number(CONTENT_LENGTH.exec(text)?.[1]) - (head.length - end - HEADER_END.length);
      } else left -= chunk.length;
      if (left <= 0) finish(undefined);
    };
    const onEnd = (): void => finish(new Error('the connection ended'));
    const finish = (error: Error | undefined): void => {
      socket.off('data', onData);
      socket.off('close', onEnd);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.on('data', onData);
    socket.on('close', onEnd);
    socket.write(request);
  });
}
