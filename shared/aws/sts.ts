import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { connection } from './connection.ts';
import type { AwsSettings } from './settings.ts';

export interface CallerIdentity {
  readonly account: string;
  readonly arn: string;
}

const REQUEST_TIMEOUT_MS = 5_000;

/** Who the calls would be made as: what `doctor` shows before anything is spent. Rejects with the client's own error. */
export async function callerIdentity(settings: AwsSettings, signal: AbortSignal): Promise<CallerIdentity> {
  const client = new STSClient(connection(settings, { callsMax: 1, requestTimeoutMs: REQUEST_TIMEOUT_MS }));
  try {
    const answer = await client.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
    return { account: answer.Account ?? '', arn: answer.Arn ?? '' };
  } finally {
    client.destroy();
  }
}
