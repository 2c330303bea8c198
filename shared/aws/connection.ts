import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type AwsSettings, LOCAL_CREDENTIALS, LOCAL_REGION } from './settings.ts';

export interface ConnectionLimits {
  /** Calls in flight at once: beyond it they would queue unseen inside the client. */
  readonly callsMax: number;
  /** From the request's first byte to the answer's headers. */
  readonly requestTimeoutMs: number;
}

// A connection inside a region takes milliseconds; a second already means that nobody answers.
const CONNECTION_TIMEOUT_MS = 1_000;

/** What every client is built with: one attempt each, because retries belong to the one policy and have to be counted. */
export function connection(settings: AwsSettings, limits: ConnectionLimits) {
  const agentOptions = { keepAlive: true, maxSockets: limits.callsMax };
  const requestHandler = new NodeHttpHandler({
    httpAgent: new Agent(agentOptions),
    httpsAgent: new TlsAgent(agentOptions),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: limits.requestTimeoutMs,
    throwOnRequestTimeout: true, // otherwise it only writes a warning
    // A body that stalls after its headers; a little later, so that before them the request's own time-out is named.
    socketTimeout: limits.requestTimeoutMs + 500,
  });
  const common = { maxAttempts: 1, retryMode: 'standard', defaultsMode: 'standard', requestHandler } as const;
  if (settings.mode === 'real') {
    return settings.region === undefined ? common : { ...common, region: settings.region };
  }
  // Whatever stays unnamed here the client would take from AWS_* variables or ~/.aws.
  return {
    ...common,
    region: LOCAL_REGION,
    credentials: LOCAL_CREDENTIALS,
    endpoint: settings.endpoint,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'afterglow',
    authSchemePreference: ['aws.auth#sigv4'],
  };
}
