import type pg from 'pg';
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication';
import { BoundedQueue } from '../batching/bounded-queue.ts';
import { formatLsn } from '../contracts/position.ts';
import { clientConfig, quoteIdentifier, SESSION_OPTIONS } from './connect.ts';
import { decodePgoutput, type PgoutputMessage } from './pgoutput.ts';

export type Received =
  | {
      readonly kind: 'change';
      /** Where the message stands in the log: neither unique nor ordered. Exact below 2^53, 8 PiB of log. */
      readonly lsn: number;
      readonly message: PgoutputMessage;
      readonly bytes: number;
    }
  | { readonly kind: 'undecodable'; readonly lsn: number; readonly raw: Buffer; readonly bytes: number }
  | {
      readonly kind: 'keepalive';
      readonly lsn: bigint;
      readonly replyWanted: boolean;
      readonly bytes: number;
    };

export interface ReplicationOptions {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  /** Received and not yet taken: beyond it the socket is paused and the server keeps the log. */
  readonly bufferBytesMax: number;
}

/**
 * The changes of one slot, from where it stands: each step gives what arrived since the last one, in order. Ends when it
 * is closed, throws when the connection is lost. One connection: when it breaks, open a new one.
 */
export interface ReplicationStream extends AsyncDisposable, AsyncIterable<readonly Received[]> {
  /** Tells the server that everything before `lsn` is safe, exactly; also keeps the connection alive. */
  acknowledge(lsn: bigint): Promise<void>;
  /** Ends the stream; with an error, whoever iterates gets it. */
  close(error?: unknown): void;
}

/** The server cuts a silent reader after this, so that a standby can take over soon. */
const WAL_SENDER_TIMEOUT_MS = 10_000;
/** How often the position is to be repeated: well within a third of the server's patience. */
export const STATUS_INTERVAL_MS = 3_000;
const TAKE_ROWS_MAX = 10_000;
/** What the objects around a message weigh, roughly: without it small messages would fill the memory unseen. */
const MESSAGE_OVERHEAD_BYTES = 400;

export async function openReplication(options: ReplicationOptions): Promise<ReplicationStream> {
  const stream = new SlotStream(options);
  try {
    await stream.start();
    return stream;
  } catch (error) {
    // The library leaves open what it could not begin with, and the server has few places for it.
    await stream[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

/** Starts the stream where the slot stands, and gives away the connection underneath. */
class ExactTextPlugin extends PgoutputPlugin {
  readonly #onConnection: (client: pg.Client) => void;

  constructor(publication: string, onConnection: (client: pg.Client) => void) {
    // The library puts the name into its statement as it is, and PostgreSQL reads it as a list of identifiers.
    const quoted = quoteIdentifier(publication).replaceAll("'", "''");
    super({ protoVersion: 1, publicationNames: [quoted], messages: true });
    this.#onConnection = onConnection;
  }

  override start(client: pg.Client, slot: string): Promise<unknown> {
    this.#onConnection(client);
    // The slot decides where to begin: a position of ours above it would skip rows for good.
    return super.start(client, slot, '0/0');
  }
}

const XLOG_DATA = 0x77;
const KEEPALIVE = 0x6b;
const XLOG_HEADER_BYTES = 25;
const REPLY_WANTED_AT = 17;
const HALF = 2 ** 32;

/** A message of the replication protocol, its values as exact text; one that cannot be read is passed on whole, never thrown. */
function receive(chunk: Buffer): Received | undefined {
  if (chunk[0] === KEEPALIVE) {
    const lsn = chunk.readBigUInt64BE(1);
    const replyWanted = chunk[REPLY_WANTED_AT] === 1;
    return { kind: 'keepalive', lsn, replyWanted, bytes: MESSAGE_OVERHEAD_BYTES };
  }
  if (chunk[0] !== XLOG_DATA) return undefined;
  const bytes = chunk.length + MESSAGE_OVERHEAD_BYTES;
  const lsn = chunk.readUInt32BE(1) * HALF + chunk.readUInt32BE(5);
  const payload = chunk.subarray(XLOG_HEADER_BYTES);
  try {
    return { kind: 'change', lsn, message: decodePgoutput(payload), bytes };
  } catch {
    // A copy: the bytes underneath are the driver's, which writes the next chunk over them.
    return { kind: 'undecodable', lsn, raw: Buffer.from(payload), bytes };
  }
}

class SlotStream implements ReplicationStream {
  readonly #options: ReplicationOptions;
  readonly #service: LogicalReplicationService;
  readonly #queue: BoundedQueue<Received>;
  #socket: { pause(): void; resume(): void } | undefined;
  #paused = false;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    this.#queue = new BoundedQueue(
      { rowsMax: Number.MAX_SAFE_INTEGER, bytesMax: options.bufferBytesMax },
      ({ bytes }) => bytes,
    );
    // The one statement of this connection never ends.
    const {
      statement_timeout: _unwanted,
      query_timeout: _neither,
      ...config
    } = clientConfig({
      url: options.url,
      applicationName: 'afterglow reader (stream)',
    });
    this.#service = new LogicalReplicationService(
      { ...config, options: `${SESSION_OPTIONS} -c wal_sender_timeout=${WAL_SENDER_TIMEOUT_MS}` },
      // Both of the library's ways to acknowledge confirm more than was processed, and rows are lost.
      { acknowledge: { auto: false, timeoutSeconds: 0 } },
    );
  }

  async start(): Promise<void> {
    const service = this.#service;
    service.on('error', (error: Error) => this.close(error));
    const plugin = new ExactTextPlugin(this.#options.publication, (client) => {
      const connection = connectionOf(client);
      this.#socket = connection.stream;
      // The library makes two texts, an event and a promise of every message: a sixth of what a small transaction costs.
      connection.removeAllListeners('copyData');
      connection.on('copyData', ({ chunk }) => {
        const received = receive(chunk);
        if (received !== undefined) this.#push(received);
      });
    });
    await new Promise<void>((resolve, reject) => {
      service.once('start', resolve);
      service.subscribe(plugin, this.#options.slot).then(
        () => this.#queue.close(),
        (error: unknown) => {
          this.close(error);
          reject(error);
        },
      );
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Received[], void, void> {
    const limits = { rowsMax: TAKE_ROWS_MAX, bytesMax: this.#options.bufferBytesMax, waitMaxMs: 0 };
    for (;;) {
      const taken = await this.#queue.take(limits);
      if (taken.length === 0) return;
      if (this.#paused && !this.#queue.full) {
        this.#paused = false;
        this.#socket?.resume();
      }
      yield taken;
    }
  }

  async acknowledge(lsn: bigint): Promise<void> {
    // The library sends what it is given plus one, which loses the next commit whenever that begins right there.
    if (lsn > 0n) await this.#service.acknowledge(formatLsn(lsn - 1n));
  }

  close(error?: unknown): void {
    this.#queue.close(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue.close();
    this.#socket?.resume();
    await this.#service.destroy();
  }

  #push(received: Received): void {
    this.#queue.push(received);
    if (this.#paused || !this.#queue.full) return;
    this.#paused = true;
    this.#socket?.pause();
  }
}

interface ClientConnection {
  readonly stream: { pause(): void; resume(): void };
  on(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): unknown;
  removeAllListeners(event: 'copyData'): unknown;
}

/** What neither library shows: pausing the socket is the only way to slow the server down. */
function connectionOf(client: pg.Client): ClientConnection {
  return (client as unknown as { readonly connection: ClientConnection }).connection;
}
