import { type BackoffLimits, backoffMs } from '../lifecycle/backoff.ts';
import type { ValkeyAddress } from './address.ts';
import { connectValkey, type TextToKeep, type ValkeyClient, valkeyProblem, within } from './client.ts';

export interface ValkeyObserver {
  /** It is not asked for a while. Followed by `back`, unless it stays away. */
  away(problem: string): void;
  back(): void;
}

export interface ValkeyParts {
  connect(): Promise<ValkeyClient>;
  readonly observer: ValkeyObserver;
  readonly clock?: () => number;
  readonly random?: () => number;
  readonly answerMaxMs?: number;
}

const CONNECT_MAX_MS = 2_000;
/** It answers in less than one; more than this and PostgreSQL would have been faster. */
const ANSWER_MAX_MS = 500;
const AGAIN: BackoffLimits = { firstMs: 1_000, maxMs: 30_000 };
/** Not confirmed yet. What comes on top is left out: it stands in PostgreSQL. */
const KEEPING_CHARACTERS_MAX = 4 * 1_048_576;

/**
 * A Valkey that nothing waits for: it answers soon or not at all. The first question that it owes costs its time-out;
 * from then on every one is answered at once, with nothing, while connections are tried beside, ever more rarely.
 */
export class ValkeyConnection implements AsyncDisposable {
  readonly #connect: () => Promise<ValkeyClient>;
  readonly #observer: ValkeyObserver;
  readonly #clock: () => number;
  readonly #random: () => number;
  readonly #answerMaxMs: number;
  readonly #keeping = new Set<Promise<void>>();
  #client: ValkeyClient | undefined;
  #connecting: Promise<void> | undefined;
  #failures = 0;
  #againAtMs = 0;
  #isAway = false;
  #isEnded = false;
  #keepingCharacters = 0;

  constructor({
    connect,
    observer,
    clock = () => performance.now(),
    random = Math.random,
    answerMaxMs = ANSWER_MAX_MS,
  }: ValkeyParts) {
    this.#connect = connect;
    this.#observer = observer;
    this.#clock = clock;
    this.#random = random;
    this.#answerMaxMs = answerMaxMs;
  }

  /** Resolves when it is there or will not be soon. */
  static async open(address: ValkeyAddress, observer: ValkeyObserver): Promise<ValkeyConnection> {
    const connect = (): Promise<ValkeyClient> => connectValkey(address, CONNECT_MAX_MS);
    const connection = new ValkeyConnection({ connect, observer });
    await connection.connected();
    return connection;
  }

  /** One per key, in order; undefined: nothing there, or nobody to ask. Never rejects. */
  async read(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const client = this.#usable();
    if (client === undefined) return keys.map(() => undefined);
    try {
      const texts = await within(client.read(keys), this.#answerMaxMs);
      this.#failures = 0;
      return texts;
    } catch (error) {
      this.#lose(client, error);
      return keys.map(() => undefined);
    }
  }

  /** Soon, if at all: nobody waits for it. */
  keep(texts: readonly TextToKeep[], keptMs: number): void {
    const client = this.#usable();
    const characters = texts.reduce((sum, { text }) => sum + text.length, 0);
    if (client === undefined || this.#keepingCharacters + characters > KEEPING_CHARACTERS_MAX) return;
    this.#keepingCharacters += characters;
    const keeping = within(client.keep(texts, keptMs), this.#answerMaxMs)
      .catch((error: unknown) => this.#lose(client, error))
      .finally(() => {
        this.#keepingCharacters -= characters;
        this.#keeping.delete(keeping);
      });
    this.#keeping.add(keeping);
  }

  /** Tries to connect, once, unless it is connected. Never rejects. */
  async connected(): Promise<void> {
    if (this.#client !== undefined || this.#isEnded) return;
    this.#connecting ??= this.#tryOnce().finally(() => {
      this.#connecting = undefined;
    });
    await this.#connecting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#connecting;
    await Promise.all(this.#keeping);
    this.#client?.end();
    this.#client = undefined;
  }

  #usable(): ValkeyClient | undefined {
    if (this.#client === undefined && this.#clock() >= this.#againAtMs) void this.connected();
    return this.#client;
  }

  async #tryOnce(): Promise<void> {
    try {
      const client = await this.#connect();
      if (this.#isEnded) {
        client.end();
        return;
      }
      this.#client = client;
      if (this.#isAway) this.#observer.back();
      this.#isAway = false;
    } catch (error) {
      this.#rest(error);
    }
  }

  #lose(client: ValkeyClient, error: unknown): void {
    client.end();
    // Several may be waiting for the same one.
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#rest(error);
  }

  #rest(error: unknown): void {
    // At least half of it, so that many who lost it together neither come back together nor at once.
    const atMostMs = Math.min(AGAIN.maxMs, AGAIN.firstMs * 2 ** Math.min(this.#failures, 30));
    this.#againAtMs = this.#clock() + atMostMs / 2 + backoffMs(this.#failures++, AGAIN, this.#random) / 2;
    if (!this.#isAway) this.#observer.away(valkeyProblem(error));
    this.#isAway = true;
  }
}
