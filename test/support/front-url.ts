import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** The same database, by way of this server, which listens from now on. */
export async function frontUrl(server: Server, databaseUrl: string): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return url.href;
}
