// A way to the real server on which slots can be refused, as Aurora does on a node that is not the writer during a failover.
// No server that can be started here says that.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface ReadOnlyFront extends AsyncDisposable {
  /** The same database, by this way. */
  readonly url: string;
  /** How often a slot was refused. */
  readonly refused: number;
  /** From now on no slot is read; connections that are there end, as at a failover. */
  refuse(): void;
  accept(): void;
}

const QUERY = 'Q'.charCodeAt(0);
const STATE = '55000';
const MESSAGE = 'logical decoding cannot be used on a RO (Read Only) node';

export async function readOnlyFront(databaseUrl: string): Promise<ReadOnlyFront> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  let isRefusing = false;
  let refused = 0;
  const server = createServer((socket) => {
    const behind = connect(Number(target.port), target.hostname);
    for (const each of [socket, behind]) open.add(each);
    for (const each of [socket, behind]) {
      each.on('error', () => {});
      each.on('close', () => {
        socket.destroy();
        behind.destroy();
      });
    }
    behind.pipe(socket);
    // The client waits for the answer to each query, so a query never shares a chunk.
    socket.on('data', (chunk: Buffer) => {
      if (isRefusing && chunk[0] === QUERY && chunk.includes('START_REPLICATION')) {
        refused++;
        socket.write(Buffer.concat([errorResponse(), readyForQuery()]));
      } else behind.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = (): void => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  return {
    url: url.href,
    get refused() {
      return refused;
    },
    refuse() {
      isRefusing = true;
      cut();
    },
    accept() {
      isRefusing = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function errorResponse(): Buffer {
  const fields = `SERROR\0VERROR\0C${STATE}\0M${MESSAGE}\0\0`;
  return message('E', Buffer.from(fields));
}

const readyForQuery = (): Buffer => message('Z', Buffer.from('I'));

function message(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length + length.length);
  return Buffer.concat([Buffer.from(type), length, content]);
}
