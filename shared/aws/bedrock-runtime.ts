import {
  BedrockRuntimeClient,
  InvokeModelCommand,
  type InvokeModelCommandOutput,
} from '@aws-sdk/client-bedrock-runtime';
import { connection } from './connection.ts';
import { withNewCredentials } from './new-credentials.ts';
import type { AwsSettings } from './settings.ts';

export interface InvokeModelRequest {
  readonly modelId: string;
  /** JSON. */
  readonly body: string;
}

export interface InvokeModelAnswer {
  readonly body: string;
  /** Of all its texts together, where the service says so. */
  readonly inputTokens?: number | undefined;
  readonly requestId: string | undefined;
}

/**
 * Bedrock Runtime behind a port: one call is one attempt, over HTTP/1.1, but for one more with new credentials where the old ones
 * were refused, and it rejects with the client's own error.
 */
export interface BedrockRuntime {
  invokeModel(request: InvokeModelRequest, signal: AbortSignal): Promise<InvokeModelAnswer>;
  close(): void;
}

const REQUEST_TIMEOUT_MS = 20_000;

export function createBedrockRuntime(
  settings: AwsSettings,
  { callsMax = 64, requestTimeoutMs = REQUEST_TIMEOUT_MS } = {},
): BedrockRuntime {
  const client = new BedrockRuntimeClient(connection(settings, { callsMax, requestTimeoutMs }));
  countInputTokens(client);
  const sent = withNewCredentials(client);
  return {
    async invokeModel({ modelId, body }, signal) {
      // Unnamed, both would be octet-stream, which the service does not take.
      const command = new InvokeModelCommand({
        modelId,
        body,
        contentType: 'application/json',
        accept: 'application/json',
      });
      const answer = await sent(() => client.send(command, { abortSignal: signal }), signal);
      const { inputTokens }: CountedOutput = answer;
      return {
        body: answer.body?.transformToString() ?? '',
        inputTokens,
        requestId: answer.$metadata.requestId,
      };
    },
    close: () => client.destroy(),
  };
}

type CountedOutput = InvokeModelCommandOutput & { readonly inputTokens?: number };

/** The count is a header of the answer that the client's own model does not name. */
function countInputTokens({ middlewareStack }: BedrockRuntimeClient): void {
  middlewareStack.add(
    (next) => async (call) => {
      const result = await next(call);
      const { output } = result;
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      const counted = headers?.['x-amzn-bedrock-input-token-count'];
      if (output !== undefined && counted !== undefined && /^\d{1,15}$/.test(counted)) {
        Object.assign(output, { inputTokens: Number(counted) });
      }
      return result;
    },
    { step: 'deserialize', priority: 'high', name: 'countInputTokens' },
  );
}
