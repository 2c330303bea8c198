import type { CachedRequest, RequestToCache } from '../side-tables/request-cache.ts';
import { TEXT_BYTES_MAX } from './client.ts';
import type { ValkeyConnection } from './connection.ts';
import type { AnswerSeal } from './seal.ts';

/** PostgreSQL has them for longer; what is asked again after a week is not worth memory. */
const KEPT_MS = 7 * 86_400_000;

/** The answers in front of the ones in PostgreSQL: faster where they are found, and never needed. */
export class ValkeyAnswers {
  readonly #connection: ValkeyConnection;
  readonly #seal: AnswerSeal;
  readonly #refused: () => void;

  /** `refused`: a text stood under one of our keys that is none of ours. */
  constructor(connection: ValkeyConnection, seal: AnswerSeal, refused: () => void) {
    this.#connection = connection;
    this.#seal = seal;
    this.#refused = refused;
  }

  /** One per hash, in order; undefined: ask PostgreSQL. Never rejects, never waits for long. */
  async read(requestHashes: readonly string[]): Promise<readonly (CachedRequest | undefined)[]> {
    const texts = await this.#connection.read(requestHashes.map((hash) => this.#seal.keyOf(hash)));
    return requestHashes.map((hash, place) => {
      const text = texts[place];
      if (text === undefined) return undefined;
      const answer = this.#seal.open(hash, text);
      if (answer === undefined) this.#refused();
      return answer;
    });
  }

  /** What PostgreSQL has. */
  keep(requests: readonly RequestToCache[]): void {
    const texts = requests
      .map((request) => ({ key: this.#seal.keyOf(request.requestHash), text: this.#seal.seal(request) }))
      .filter(({ text }) => Buffer.byteLength(text) <= TEXT_BYTES_MAX);
    if (texts.length > 0) this.#connection.keep(texts, KEPT_MS);
  }
}
