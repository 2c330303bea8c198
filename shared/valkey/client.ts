import type { ValkeyAddress } from './address.ts';

export interface TextToKeep {
  readonly key: string;
  readonly text: string;
}

export interface ValkeyClient {
  /** One per key, in order; undefined: nothing that is a text of at most so many bytes. Rejects when the server cannot be used. */
  read(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** Rejects when the server cannot be used; that it has no more room is no such case. */
  keep(texts: readonly TextToKeep[], keptMs: number): Promise<void>;
  /** At once; what is under way rejects. */
  end(): void;
}

/** More than any answer takes; whatever else stands under one of our keys is not even read. */
export const TEXT_BYTES_MAX = 65_536;

/** Never tries again by itself: what to do when the server is gone is decided in one place, by whoever asks. */
export async function connectValkey(address: ValkeyAddress, deadlineMs: number): Promise<ValkeyClient> {
  // Takes a while to load, and most have no use for it.
  const { createClient, ErrorReply } = await import('@redis/client');
  const { host, port, usesTls, authority, user, password, database } = address;
  const tls = { tls: true, servername: host, ...(authority === undefined ? {} : { ca: authority }) } as const;
  const client = createClient({
    // What the oldest servers in use understand; nothing of the newer one is needed.
    RESP: 2,
    socket: { host, port, connectTimeout: deadlineMs, reconnectStrategy: false, ...(usesTls ? tls : {}) },
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    database,
    // Both would ask for more rights than reading and writing.
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // A time-out per command would be a timer per row; whoever asks has one for all.
    commandOptions: { timeout: 0 },
  });
  // Heard by whoever asks next: what is under way rejects.
  client.on('error', () => {});
  /** Whether the server refused one command on one key, and serves others. */
  const isOfThisKey = (error: unknown): boolean =>
    error instanceof ErrorReply && /^(WRONGTYPE|OOM)\b/.test(error.message);
  const end = (): void => {
    if (client.isOpen) client.destroy();
  };
  await within(client.connect(), deadlineMs).catch((error: unknown) => {
    end();
    throw error;
  });
  return {
    read: async (keys) =>
      await Promise.all(
        keys.map(async (key) => {
          try {
            // Reads no more than one byte too many, however much stands there.
            const text = await client.getRange(key, 0, TEXT_BYTES_MAX);
            return text === null || text === '' || text.length > TEXT_BYTES_MAX ? undefined : text;
          } catch (error) {
            if (isOfThisKey(error)) return undefined;
            throw error;
          }
        }),
      ),
    async keep(texts, keptMs) {
      const expiration = { type: 'PX', value: keptMs } as const;
      await Promise.all(
        texts.map(async ({ key, text }) => {
          try {
            await client.set(key, text, { expiration });
          } catch (error) {
            if (!isOfThisKey(error)) throw error;
          }
        }),
      );
    },
    end,
  };
}

export class ValkeySilent extends Error {
  readonly code = 'timeout';

  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`);
  }
}

/** Rejects after that time; `work` then goes on unheard. */
export async function within<Result>(work: Promise<Result>, deadlineMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const giveUp = (): void => late.reject(new ValkeySilent(deadlineMs));
  // Where this process stood still itself, the answer is there already and is read first.
  const timer = setTimeout(() => setImmediate(giveUp), deadlineMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

/** A word for people and for logs; never what was sent. */
export function valkeyProblem(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // The server's refusals begin with a word of their own: WRONGPASS, NOPERM, LOADING.
  return /^[A-Z]{3,}(?=\s|$)/.exec(error.message)?.[0] ?? error.name;
}
