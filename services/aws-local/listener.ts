import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';

export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

// Longer than any pause of a client between two calls: a reused connection must not meet one that we are closing.
const KEEP_ALIVE_TIMEOUT_MS = 600_000;
/** What HTTP/2 begins with, on a connection without TLS too; no method of HTTP/1.1 begins so. */
const HTTP2_BEGINNING = 'PRI * HTTP/2.0';
const NOTHING = Buffer.alloc(0);

/** HTTP/1.1 and, for Bedrock's client as it comes, HTTP/2 on the same port of the loopback interface. */
export async function listen(
  port: number,
  serve: (request: AnyRequest, response: AnyResponse) => void,
): Promise<Listener> {
  const http1 = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, serve);
  const http2 = createHttp2Server(serve);
  const sockets = new Set<Socket>();
  const [serveHttp1] = http1.listeners('connection');
  http1.removeAllListeners('connection');
  http1.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.once('error', () => socket.destroy()); // until the protocol is known, nobody else listens
    // Looking by 'readable' leaves the socket paused, so that no byte overtakes those that are put back.
    let beginning = NOTHING;
    const leave = (): void => void socket.destroy(); // it ended before anybody could tell what it wanted
    socket.once('end', leave);
    const look = (): void => {
      const chunk: unknown = socket.read();
      if (Buffer.isBuffer(chunk)) beginning = Buffer.concat([beginning, chunk]);
      const text = beginning.toString('latin1', 0, HTTP2_BEGINNING.length);
      if (text.length < HTTP2_BEGINNING.length && HTTP2_BEGINNING.startsWith(text)) {
        socket.once('readable', look); // too little to tell
        return;
      }
      socket.off('end', leave);
      socket.unshift(beginning);
      if (text === HTTP2_BEGINNING) http2.emit('connection', socket);
      else serveHttp1?.call(http1, socket);
    };
    socket.once('readable', look);
  });
  http1.listen(port, '127.0.0.1');
  await once(http1, 'listening');
  const address = http1.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      const closed = once(http1, 'close');
      http1.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export function hasLeft(response: AnyResponse): boolean {
  return response instanceof Http2ServerResponse ? response.stream.destroyed : response.destroyed;
}

/** Ends the whole connection, without another byte. */
export function cut(response: AnyResponse): void {
  if (response instanceof Http2ServerResponse) response.stream.session?.destroy();
  else response.destroy();
}
