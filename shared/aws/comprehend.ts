import {
  BatchDetectDominantLanguageCommand,
  BatchDetectSentimentCommand,
  ComprehendClient,
  type LanguageCode,
} from '@aws-sdk/client-comprehend';
import { connection } from './connection.ts';
import { withNewCredentials } from './new-credentials.ts';
import type { AwsSettings } from './settings.ts';

/** As it came: the client checks nothing of it, so its types would promise what nobody holds. */
export interface ComprehendAnswer {
  readonly resultList: unknown;
  readonly errorList: unknown;
  readonly requestId: string | undefined;
}

/**
 * Comprehend behind a port: one call is one attempt, but for one more with new credentials where the old ones were refused, and it
 * rejects with the client's own error.
 */
export interface Comprehend {
  /** At most 25 texts of one language, none empty and none above 5,000 bytes: one such text fails the whole call. */
  batchDetectSentiment(
    texts: readonly string[],
    language: string,
    signal: AbortSignal,
  ): Promise<ComprehendAnswer>;
  batchDetectDominantLanguage(texts: readonly string[], signal: AbortSignal): Promise<ComprehendAnswer>;
  close(): void;
}

const REQUEST_TIMEOUT_MS = 20_000;

export function createComprehend(
  settings: AwsSettings,
  { callsMax = 64, requestTimeoutMs = REQUEST_TIMEOUT_MS } = {},
): Comprehend {
  const client = new ComprehendClient(connection(settings, { callsMax, requestTimeoutMs }));
  const sent = withNewCredentials(client);
  return {
    async batchDetectSentiment(texts, language, signal) {
      const command = new BatchDetectSentimentCommand({
        TextList: [...texts],
        LanguageCode: language as LanguageCode, // the service decides: its list may grow before the client's does
      });
      return answerOf(await sent(() => client.send(command, { abortSignal: signal }), signal));
    },
    async batchDetectDominantLanguage(texts, signal) {
      const command = new BatchDetectDominantLanguageCommand({ TextList: [...texts] });
      return answerOf(await sent(() => client.send(command, { abortSignal: signal }), signal));
    },
    close: () => client.destroy(),
  };
}

function answerOf(answer: {
  readonly ResultList?: unknown;
  readonly ErrorList?: unknown;
  readonly $metadata: { readonly requestId?: string };
}): ComprehendAnswer {
  return {
    resultList: answer.ResultList,
    errorList: answer.ErrorList,
    requestId: answer.$metadata.requestId,
  };
}
