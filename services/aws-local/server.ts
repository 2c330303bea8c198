import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { readBody } from './body.ts';
import { answerControl, CONTROL_BYTES_MAX, type Control, createControl, mayControl } from './control.ts';
import { AwsError, errorAnswer } from './errors.ts';
import { bendOf, FaultEngine, type Strike } from './faults/engine.ts';
import { replacedAnswer } from './faults/strike.ts';
import { CallLedger } from './ledger.ts';
import type { AwsAnswer, AwsRequest, Call } from './operation.ts';
import { rawSegments } from './path.ts';
import { type Random, requestId, seededRandom } from './random.ts';
import { reply } from './reply.ts';
import { findOperation } from './router.ts';
import { checkSignature } from './signature.ts';

export interface AwsLocalSettings {
  /** 0: any free one. */
  readonly port: number;
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly seed: number;
  /** Told of errors that are ours; the client sees its connection end. */
  readonly onDefect?: (error: unknown) => void;
}

export interface AwsLocal {
  readonly url: string;
  readonly port: number;
  readonly control: Control;
  close(): Promise<void>;
}

/** SageMaker's limit for real-time payloads; the container inside has a smaller one of its own. */
const BODY_BYTES_MAX = 25 * 1024 * 1024;
// Longer than any pause of a client between two calls: a reused connection must not meet one that we are closing.
const KEEP_ALIVE_TIMEOUT_MS = 600_000;

interface Parts {
  readonly faults: FaultEngine;
  readonly ledger: CallLedger;
  readonly control: Control;
  readonly random: Random;
}

/** Starts on the loopback interface; rejects with the system's error when the port is taken. */
export async function startAwsLocal(settings: AwsLocalSettings): Promise<AwsLocal> {
  const random = seededRandom(settings.seed);
  const { latencyMs = 0, jitterMs = 0 } = settings;
  const faults = new FaultEngine({ latencyMs, jitterMs }, random);
  const ledger = new CallLedger();
  const parts: Parts = { faults, ledger, control: createControl(faults, ledger), random };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, (request, response) => {
    handle(parts, request, response).catch((error: unknown) => {
      // A client that left while it was sending needs no answer and is nobody's defect.
      if (request.complete) settings.onDefect?.(error);
      response.destroy();
    });
  });
  server.listen(settings.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.port;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    control: parts.control,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const segments = rawSegments(url);
  const own = segments[0] === '_control';
  const body = await readBody(request, own ? CONTROL_BYTES_MAX : BODY_BYTES_MAX);
  const id = requestId(parts.random);
  if (own) {
    reply(response, controlled(parts.control, request, method, segments, body), id, undefined);
  } else if (method === 'GET') {
    reply(response, await telemetry(parts.ledger, segments[0]), id, undefined);
  } else {
    await serve(parts, { method, segments, headers: request.headers, body }, response, id);
  }
}

function controlled(
  control: Control,
  request: IncomingMessage,
  method: string,
  segments: readonly string[],
  body: Buffer | undefined,
): AwsAnswer {
  if (!mayControl(request)) return plain(403, 'only for programs on this machine\n');
  if (body === undefined) return plain(413, 'too long\n');
  return answerControl(control, method, segments, body);
}

async function telemetry(ledger: CallLedger, page: string | undefined): Promise<AwsAnswer> {
  if (page === 'livez' || page === 'readyz') return plain(200, 'ok\n'); // it listens, and needs nobody else
  if (page !== 'metrics') return plain(404, 'not found\n');
  const metrics = ledger.metrics();
  return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.metrics() };
}

type Arrived = Omit<AwsRequest, 'body'> & { readonly body: Buffer | undefined };

async function serve(parts: Parts, arrived: Arrived, response: ServerResponse, id: string): Promise<void> {
  const request = { ...arrived, body: arrived.body ?? Buffer.alloc(0) };
  const operation = findOperation(request);
  if (operation === undefined) {
    const unknown = new AwsError('UnknownOperationException', 404, 'There is no such operation.');
    reply(response, errorAnswer(unknown, 'rest_json', id), id, undefined);
    return;
  }
  const call = operation.read(request);
  const invocationId = request.headers['amz-sdk-invocation-id'];
  const count = parts.ledger.arrived(operation.service, operation.name, call.endpoint, {
    rows: call.rows,
    bytesIn: request.body.length,
    invocationId: typeof invocationId === 'string' ? invocationId : undefined,
  });
  let strike: Strike | undefined;
  let answer: AwsAnswer;
  try {
    checkSignature(request.headers, operation.service);
    const verdict = parts.faults.judge(operation.name, call);
    strike = verdict.strike;
    if (verdict.delayMs > 0) await pauseUnlessLeft(verdict.delayMs, response);
    if (arrived.body === undefined) throw new AwsError('ValidationError', 400, 'Detected oversize body.');
    answer = answerOf(call, strike);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    answer = errorAnswer(error, operation.protocol, id);
  }
  const bytes = response.destroyed ? undefined : reply(response, answer, id, strike);
  parts.ledger.ended(count, bytes === undefined ? 0 : answer.status, bytes ?? 0);
}

function answerOf(call: Call, strike: Strike | undefined): AwsAnswer {
  return replacedAnswer(strike, call.endpoint) ?? call.answer(bendOf(strike));
}

async function pauseUnlessLeft(delayMs: number, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  const leave = (): void => left.abort();
  response.once('close', leave);
  await pause(delayMs, left.signal);
  response.off('close', leave);
}

function plain(status: number, body: string): AwsAnswer {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}
