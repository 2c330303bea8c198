import { isAboutCredentials } from './errors.ts';

interface Credentials {
  readonly accessKeyId: string;
  readonly sessionToken?: string;
}

/** The part of a client that knows its credentials: it keeps them until they say that they expire. */
interface CredentialedClient {
  readonly config: { credentials(options?: { readonly forceRefresh?: boolean }): Promise<Credentials> };
}

/** `signal` ends the waiting, whatever for. */
export type Send = <Answer>(send: () => Promise<Answer>, signal: AbortSignal) => Promise<Answer>;

/**
 * Sends once more, with new credentials, what was refused for the old ones: a role's session may end before it said so. Where
 * there are no others the refusal stands. Calls that are refused at the same time share one refresh.
 */
export function withNewCredentials({ config }: CredentialedClient): Send {
  let refreshes = 0;
  let refreshing: Promise<boolean> | undefined;
  const refresh = async (): Promise<boolean> => {
    try {
      const before = await config.credentials();
      const after = await config.credentials({ forceRefresh: true });
      if (after.accessKeyId === before.accessKeyId && after.sessionToken === before.sessionToken)
        return false;
    } catch {
      // Who gives them is away: what the service said is what has to be told.
      return false;
    }
    refreshes++;
    return true;
  };
  const twice = async <Answer>(send: () => Promise<Answer>): Promise<Answer> => {
    const refreshesBefore = refreshes;
    try {
      return await send();
    } catch (error) {
      if (!isAboutCredentials(error)) throw error;
      if (refreshes === refreshesBefore) {
        refreshing ??= refresh().finally(() => {
          refreshing = undefined;
        });
        if (!(await refreshing)) throw error;
      }
      return await send();
    }
  };
  return (send, signal) => unlessAborted(twice(send), signal);
}

/** The clients end their request when they are told to, but not their wait for credentials, whose giver may never answer. */
async function unlessAborted<Answer>(sending: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([sending, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
