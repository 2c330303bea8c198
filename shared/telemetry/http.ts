import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Registry } from 'prom-client';

/** What stands between a service and readiness; empty when it is ready. */
export class Readiness {
  readonly #missing = new Map<string, string>();

  /** `names` are what the service needs before it is ready; each says so itself when it is there. */
  constructor(...names: readonly string[]) {
    for (const name of names) this.#missing.set(name, 'starting');
  }

  ready(name: string): void {
    this.#missing.delete(name);
  }

  notReady(name: string, reason: string): void {
    this.#missing.set(name, reason);
  }

  get missing(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#missing);
  }
}

export interface Telemetry {
  readonly registry: Registry;
  readonly readiness: Readiness;
}

export interface TelemetryServer extends AsyncDisposable {
  readonly port: number;
}

export function createTelemetry(...needed: readonly string[]): Telemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return { registry, readiness: new Readiness(...needed) };
}

/** `/metrics`, `/livez` and `/readyz` on loopback unless a host is named. A port of 0 takes a free one. */
export async function startTelemetryServer(
  telemetry: Telemetry,
  options: { readonly port: number; readonly host?: string },
): Promise<TelemetryServer> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', response, telemetry).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(url: string, response: ServerResponse, telemetry: Telemetry): Promise<void> {
  const path = url.split('?')[0];
  if (path === '/metrics') {
    const text = await telemetry.registry.metrics();
    response.writeHead(200, { 'content-type': telemetry.registry.contentType }).end(text);
  } else if (path === '/livez') {
    json(response, 200, { live: true });
  } else if (path === '/readyz') {
    const { missing } = telemetry.readiness;
    const ready = Object.keys(missing).length === 0;
    json(response, ready ? 200 : 503, { ready, missing });
  } else {
    json(response, 404, { error: 'Known here: /metrics, /livez, /readyz.' });
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
