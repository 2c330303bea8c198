import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
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
      return { body: answer.body?.transformToString() ?? '', requestId: answer.$metadata.requestId };
    },
    close: () => client.destroy(),
  };
}
