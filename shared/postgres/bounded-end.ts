// Connections that end within a bound, whatever the other side does: where nothing is carried any more, goodbyes would be
// waited for until the system gives the socket up, which takes a quarter of an hour.
import pg from 'pg';

const END_MAX_MS = 2_000;

export class BoundedClient extends pg.Client {
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | undefined {
    const cutting = setTimeout(() => cut(this), END_MAX_MS);
    const ended = super.end().finally(() => clearTimeout(cutting));
    if (callback === undefined) return ended;
    // The library's own callback is called without an error, whatever its type says.
    ended.then(callback as unknown as () => void, callback);
    return undefined;
  }
}

export class BoundedPool extends pg.Pool {
  readonly #open = new Set<pg.PoolClient>();

  constructor(config: pg.PoolConfig) {
    super({ ...config, Client: BoundedClient });
    this.on('connect', (client) => this.#open.add(client));
    this.on('remove', (client) => this.#open.delete(client));
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    // A statement that is never answered keeps its connection, and the pool waits for that.
    const cutting = setTimeout(() => {
      for (const client of this.#open) cut(client);
    }, END_MAX_MS);
    const ended = super.end().finally(() => clearTimeout(cutting));
    if (callback === undefined) return ended;
    ended.then(callback, callback);
    return undefined;
  }
}

/** Neither library shows the socket. */
function cut(client: pg.ClientBase): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}
