import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CachedRequest, RequestToCache } from '../side-tables/request-cache.ts';

/** Of keys and texts below; another one finds nothing of this one. */
const FORMAT = 1;
const SCOPE_LENGTH = 16;
const TEXT = /^([\w-]{43}) (\d{1,15}) /;

/**
 * Answers as texts that only whoever knows the database's secret can have written, each for its own request: what others
 * write into the same Valkey, and what another database wrote there, is not taken for an answer.
 */
export class AnswerSeal {
  readonly #secret: Buffer;
  readonly #prefix: string;

  /** `scope`: what else has to be equal for an answer to be one, such as who answers. */
  constructor(secret: Buffer, scope: string) {
    this.#secret = createHmac('sha256', secret).update(`answers ${FORMAT} ${scope}`).digest();
    const name = createHmac('sha256', this.#secret).update('name').digest('hex').slice(0, SCOPE_LENGTH);
    this.#prefix = `afterglow:answer:${FORMAT}:${name}:`;
  }

  keyOf(requestHash: string): string {
    return `${this.#prefix}${requestHash}`;
  }

  seal({ requestHash, result, costNanoUsd }: RequestToCache): string {
    const sealed = `${costNanoUsd} ${result}`;
    return `${this.#sign(requestHash, sealed)} ${sealed}`;
  }

  /** Undefined: nothing that was sealed here for this request. */
  open(requestHash: string, text: string): CachedRequest | undefined {
    const [head, signature = '', cost = ''] = TEXT.exec(text) ?? [];
    if (head === undefined) return undefined;
    // As texts: several of those stand for the same bytes.
    const right = this.#sign(requestHash, text.slice(signature.length + 1));
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(right))) return undefined;
    return { result: text.slice(head.length), costNanoUsd: Number(cost) };
  }

  #sign(requestHash: string, sealed: string): string {
    return createHmac('sha256', this.#secret).update(`${requestHash} ${sealed}`).digest('base64url');
  }
}
