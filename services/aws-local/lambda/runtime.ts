// Runs in a thread of its own: what Lambda's Node runtime does around a handler.
import { parentPort, workerData } from 'node:worker_threads';
import type { Begun, FunctionFailure, Invocation, RuntimeData, RuntimeMessage } from './messages.ts';

type Handler = (event: unknown, context: object) => unknown;

const { module, name, memoryMb } = workerData as RuntimeData;

const begun = await load();
if (begun.kind === 'failed') say({ kind: 'unloadable', failure: begun.failure });
else {
  parentPort?.on('message', (invocation: Invocation) => void invoke(begun.handler, invocation));
  say({ kind: 'ready' });
}

async function load(): Promise<Begun<Handler>> {
  let exported: unknown;
  try {
    exported = await import(module);
  } catch (error) {
    const errorType =
      error instanceof SyntaxError ? 'Runtime.UserCodeSyntaxError' : 'Runtime.ImportModuleError';
    return { kind: 'failed', failure: { ...failureOf(error), errorType } };
  }
  const { handler } = exported as { readonly handler?: unknown };
  if (typeof handler === 'function') return { kind: 'loaded', handler: handler as Handler };
  const errorMessage = `${name}.handler is undefined or not exported`;
  return { kind: 'failed', failure: { errorType: 'Runtime.HandlerNotFound', errorMessage, trace: [] } };
}

async function invoke(handler: Handler, { event, requestId, timeoutMs }: Invocation): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs;
  const context = {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    memoryLimitInMB: String(memoryMb),
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(Math.ceil(endsAtMs - performance.now()), 0),
  };
  try {
    const answer = await handler(JSON.parse(event), context);
    say({ kind: 'answered', payload: JSON.stringify(answer) ?? 'null' });
  } catch (error) {
    say({ kind: 'failed', failure: failureOf(error) });
  }
}

function failureOf(error: unknown): FunctionFailure {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
}

function say(message: RuntimeMessage): void {
  parentPort?.postMessage(message);
}
