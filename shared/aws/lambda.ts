import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { connection } from './connection.ts';
import { withNewCredentials } from './new-credentials.ts';
import type { AwsSettings } from './settings.ts';

export interface InvokeRequest {
  readonly function: string;
  /** A version or an alias. */
  readonly qualifier?: string | undefined;
  /** JSON. */
  readonly payload: string;
}

export interface InvokeAnswer {
  /** JSON. */
  readonly payload: string;
  readonly requestId: string | undefined;
}

/**
 * Lambda behind a port: one call is one attempt, but for one more with new credentials where the old ones were refused, and it
 * rejects with the client's own error, or with a FunctionError where the function itself failed.
 */
export interface Lambda {
  invoke(request: InvokeRequest, signal: AbortSignal): Promise<InvokeAnswer>;
  /** Whether it may be called and is there: rejects as `invoke` does, but nothing runs, and nothing is paid. */
  check(request: Omit<InvokeRequest, 'payload'>, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** A function that failed: the service answers 200 all the same, and the client throws nothing. */
class FunctionError extends Error {
  readonly $metadata: unknown;
  /** As the runtime names it; the rest of what it says may quote the event. */
  readonly errorType: unknown;

  constructor(errorType: unknown, metadata: unknown) {
    super('The function failed.');
    this.name = 'FunctionError';
    this.errorType = errorType;
    this.$metadata = metadata;
  }
}

export interface LambdaLimits {
  readonly callsMax?: number;
  /** Longer than the function may take. */
  readonly requestTimeoutMs: number;
}

export function createLambda(
  settings: AwsSettings,
  { callsMax = 64, requestTimeoutMs }: LambdaLimits,
): Lambda {
  const client = new LambdaClient(connection(settings, { callsMax, requestTimeoutMs }));
  const sent = withNewCredentials(client);
  return {
    async invoke({ function: name, qualifier, payload }, signal) {
      const command = new InvokeCommand({
        FunctionName: name,
        Qualifier: qualifier,
        InvocationType: 'RequestResponse',
        Payload: payload,
      });
      const answer = await sent(() => client.send(command, { abortSignal: signal }), signal);
      const text = answer.Payload?.transformToString() ?? '';
      // Before the payload is read: what it holds then is about the error.
      if (answer.FunctionError !== undefined) throw new FunctionError(errorTypeOf(text), answer.$metadata);
      return { payload: text, requestId: answer.$metadata.requestId };
    },
    async check({ function: name, qualifier }, signal) {
      const command = new InvokeCommand({
        FunctionName: name,
        Qualifier: qualifier,
        InvocationType: 'DryRun',
      });
      await sent(() => client.send(command, { abortSignal: signal }), signal);
    },
    close: () => client.destroy(),
  };
}

function errorTypeOf(payload: string): unknown {
  try {
    return (JSON.parse(payload) as { readonly errorType?: unknown } | null)?.errorType;
  } catch {
    return undefined;
  }
}
