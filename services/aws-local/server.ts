import { pause } from '../../shared/lifecycle/run-service.ts';
import { readBody } from './body.ts';
import { type Control, createControl } from './control.ts';
import { answerControl, CONTROL_BYTES_MAX, mayControl } from './control-http.ts';
import { AwsError, errorAnswer } from './errors.ts';
import { FaultEngine, type Verdict } from './faults/engine.ts';
import type { FaultRule } from './faults/rule.ts';
import { replacedAnswer, spoiledAnswer } from './faults/strike.ts';
import type { FunctionSettings } from './lambda/environment.ts';
import { Functions } from './lambda/functions.ts';
import { type CallCount, CallLedger } from './ledger.ts';
import { type AnyRequest, type AnyResponse, cut, hasLeft, listen } from './listener.ts';
import type { AwsAnswer, AwsRequest, Call, Operation } from './operation.ts';
import { rawSegments } from './path.ts';
import { Quotas } from './quotas/quotas.ts';
import type { QuotaRule } from './quotas/rule.ts';
import { type Random, requestId, seededRandom } from './random.ts';
import { recomputeSignature } from './recomputed-signature.ts';
import { reply } from './reply.ts';
import { createRouter, type FindOperation } from './router.ts';
import { oversize, throttled } from './service-errors.ts';
import { checkSignature } from './signature.ts';

export interface AwsLocalSettings {
  /** 0: any free one. */
  readonly port: number;
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly seed: number;
  /** In force from the start, and again after every reset. */
  readonly faults?: readonly FaultRule[];
  readonly quotas?: readonly QuotaRule[];
  /** Functions of Lambda, by their names. */
  readonly functions?: Readonly<Record<string, FunctionSettings>>;
  /** Told of errors that are ours; the client sees its connection end. */
  readonly onDefect?: (error: unknown) => void;
}

export interface AwsLocal {
  readonly url: string;
  readonly port: number;
  readonly control: Control;
  close(): Promise<void>;
}

/** SageMaker's and Bedrock's limit; the container inside an endpoint has a smaller one of its own. */
const BODY_BYTES_MAX = 25 * 1024 * 1024;

interface Parts {
  readonly faults: FaultEngine;
  readonly quotas: Quotas;
  readonly ledger: CallLedger;
  readonly control: Control;
  readonly random: Random;
  readonly findOperation: FindOperation;
}

/** Starts on the loopback interface; rejects with the system's error when the port is taken. */
export async function startAwsLocal(settings: AwsLocalSettings): Promise<AwsLocal> {
  const random = seededRandom(settings.seed);
  const { latencyMs = 0, jitterMs = 0 } = settings;
  const now = () => performance.now();
  const faults = new FaultEngine({ latencyMs, jitterMs }, random, now);
  const quotas = new Quotas(now);
  const ledger = new CallLedger();
  const beginning = { faults: settings.faults ?? [], quotas: settings.quotas ?? [] };
  const control = createControl({ faults, quotas, ledger }, beginning);
  const functions = new Functions(settings.functions ?? {});
  const parts: Parts = { faults, quotas, ledger, control, random, findOperation: createRouter(functions) };
  const listener = await listen(settings.port, (request, response) => {
    handle(parts, request, response).catch((error: unknown) => {
      // A client that left while it was sending needs no answer and is nobody's defect.
      if (request.complete) settings.onDefect?.(error);
      cut(response);
    });
  });
  const { port } = listener;
  const close = async (): Promise<void> => {
    await listener.close();
    await functions.close();
  };
  return { url: `http://127.0.0.1:${port}`, port, control, close };
}

async function handle(parts: Parts, request: AnyRequest, response: AnyResponse): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const segments = rawSegments(url);
  const own = segments[0] === '_control';
  const body = await readBody(request, own ? CONTROL_BYTES_MAX : BODY_BYTES_MAX);
  const id = requestId(parts.random);
  if (own) {
    await reply(response, controlled(parts.control, request, method, segments, body), id, undefined);
  } else if (method === 'GET') {
    await reply(response, await telemetry(parts.ledger, segments[0]), id, undefined);
  } else {
    await serve(parts, { method, url, segments, headers: request.headers, body }, response, id);
  }
}

function controlled(
  control: Control,
  request: AnyRequest,
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

const EMPTY = Buffer.alloc(0);

async function serve(parts: Parts, arrived: Arrived, response: AnyResponse, id: string): Promise<void> {
  const request = { ...arrived, body: arrived.body ?? EMPTY };
  const operation = parts.findOperation(request);
  if (operation === undefined) {
    const unknown = new AwsError('UnknownOperationException', 404, 'There is no such operation.');
    await reply(response, errorAnswer(unknown, 'rest_json', id), id, undefined);
    return;
  }
  const call = operation.read(request, parts.control.checks());
  const invocationId = request.headers['amz-sdk-invocation-id'];
  const count = parts.ledger.arrived(operation.service, operation.name, call.endpoint, {
    rows: call.rows,
    bytesIn: request.body.length,
    invocationId: typeof invocationId === 'string' ? invocationId : undefined,
  });
  let verdict: Verdict | undefined;
  let answer: AwsAnswer;
  let leave: (() => void) | undefined;
  try {
    checkSignature(request.headers, operation.service);
    if (parts.control.checks().signature === 'recomputed') recomputeSignature(request, Date.now);
    const entered = parts.quotas.enter(operation, call);
    if (entered.refused !== undefined) throw throttled(operation.service, { what: entered.refused });
    leave = entered.leave;
    verdict = parts.faults.judge(operation, call);
    if (verdict.delayMs > 0) await pauseUnlessLeft(verdict.delayMs, response);
    if (arrived.body === undefined) throw oversize(operation.service);
    answer = await answerOf(parts.ledger, count, operation, call, verdict);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    answer = errorAnswer(error, operation.protocol, id);
  } finally {
    leave?.();
  }
  if (verdict?.strike !== undefined) answer = spoiledAnswer(answer, verdict.strike, operation);
  const bytes = hasLeft(response) ? undefined : await reply(response, answer, id, verdict?.strike);
  parts.ledger.ended(count, bytes === undefined ? 0 : answer.status, bytes ?? 0);
}

async function answerOf(
  ledger: CallLedger,
  count: CallCount,
  operation: Operation,
  call: Call,
  { strike, bend }: Verdict,
): Promise<AwsAnswer> {
  const replaced = replacedAnswer(strike, operation, call.endpoint);
  if (replaced !== undefined) return replaced;
  const answer = await call.answer(bend);
  if (answer.paidUnits !== undefined) ledger.paid(count, answer.paidUnits);
  return answer;
}

async function pauseUnlessLeft(delayMs: number, response: AnyResponse): Promise<void> {
  const left = new AbortController();
  const leave = (): void => left.abort();
  response.once('close', leave);
  await pause(delayMs, left.signal);
  response.off('close', leave);
}

function plain(status: number, body: string): AwsAnswer {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}
