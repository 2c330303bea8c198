import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { ComprehendClient } from '@aws-sdk/client-comprehend';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { connection } from '../../shared/aws/connection.ts';

export interface AwsSdkClients {
  readonly sagemaker: SageMakerRuntimeClient;
  readonly comprehend: ComprehendClient;
  readonly bedrock: BedrockRuntimeClient;
  readonly lambda: LambdaClient;
  close(): void;
}

/** The clients of AWS themselves, set up as production does, without any port of ours around them. */
export function awsSdkClients(endpoint: string): AwsSdkClients {
  const settings = connection({ mode: 'local', endpoint }, { callsMax: 64, requestTimeoutMs: 20_000 });
  const sagemaker = new SageMakerRuntimeClient(settings);
  const comprehend = new ComprehendClient(settings);
  const bedrock = new BedrockRuntimeClient(settings);
  const lambda = new LambdaClient(settings);
  return {
    sagemaker,
    comprehend,
    bedrock,
    lambda,
    close: () => settings.requestHandler.destroy(),
  };
}

/** An error as code beyond the client sees it. */
export interface SeenError {
  readonly name: string;
  readonly status: number | undefined;
  readonly message: string;
}

/** What a call ended with; fails when it did not end with an error. */
export async function errorOf(call: Promise<unknown>): Promise<SeenError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('the call should have ended with an error');
  const { $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  return { name: error.name, status: $metadata?.httpStatusCode, message: error.message };
}
