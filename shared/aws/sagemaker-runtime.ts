import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { connection } from './connection.ts';
import { withNewCredentials } from './new-credentials.ts';
import type { AwsSettings } from './settings.ts';

export interface EndpointRequest {
  readonly endpoint: string;
  readonly body: string;
  readonly contentType: string;
  readonly accept: string;
  readonly inferenceComponent?: string | undefined;
  readonly targetVariant?: string | undefined;
}

export interface EndpointAnswer {
  /** Empty where the container answered 204. */
  readonly body: string;
  readonly contentType: string;
  readonly requestId: string | undefined;
}

/**
 * SageMaker Runtime behind a port: one call is one attempt, but for one more with new credentials where the old ones were refused,
 * and it rejects with the client's own error.
 */
export interface SagemakerRuntime {
  invokeEndpoint(request: EndpointRequest, signal: AbortSignal): Promise<EndpointAnswer>;
  close(): void;
}

// A container has 60 s to answer; AWS asks for a socket time-out of 70 s so that its own answer arrives first.
const REQUEST_TIMEOUT_MS = 70_000;

export function createSagemakerRuntime(
  settings: AwsSettings,
  { callsMax = 64, requestTimeoutMs = REQUEST_TIMEOUT_MS } = {},
): SagemakerRuntime {
  const client = new SageMakerRuntimeClient(connection(settings, { callsMax, requestTimeoutMs }));
  const sent = withNewCredentials(client);
  return {
    invokeEndpoint: (request, signal) => sent(() => invokeEndpoint(client, request, signal), signal),
    close: () => client.destroy(),
  };
}

async function invokeEndpoint(
  client: SageMakerRuntimeClient,
  request: EndpointRequest,
  signal: AbortSignal,
): Promise<EndpointAnswer> {
  const command = new InvokeEndpointCommand({
    EndpointName: request.endpoint,
    Body: request.body,
    ContentType: request.contentType,
    Accept: request.accept,
    InferenceComponentName: request.inferenceComponent,
    TargetVariant: request.targetVariant,
  });
  const answer = await client.send(command, { abortSignal: signal });
  return {
    body: answer.Body?.transformToString() ?? '', // a 204 has no body at all
    contentType: answer.ContentType ?? '',
    requestId: answer.$metadata.requestId,
  };
}
