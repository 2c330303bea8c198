import { Fault } from '../../../shared/errors/policy.ts';

/** So many in a row, with not one row accepted, are no accident of data: format or model are wrong. */
export const REJECTIONS_HELD_MAX = 20;

/** final: the row is to be failed. again: the model refused everything, so its refusal says nothing about the row. */
export type Verdict = 'final' | 'again';

/**
 * Holds refusals of single rows until the model accepts something. A model that refuses everything is wrongly set up, and
 * archives nothing.
 */
export class RejectionGuard {
  #held: ((verdict: Verdict) => void)[] = [];
  #refusesAll = false;
  #acceptances = 0;

  /** Calls so far in which something was accepted. */
  get acceptances(): number {
    return this.#acceptances;
  }

  /** From the refusal that was one too many until the next acceptance. */
  get refusesAll(): boolean {
    return this.#refusesAll;
  }

  /** Whether refusals wait for an acceptance. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Resolves once it is known what the refusal means. */
  async rejected(): Promise<Verdict> {
    return await new Promise((resolve) => {
      this.#held.push(resolve);
      if (this.#held.length >= REJECTIONS_HELD_MAX) this.#refusesAll = true;
      if (this.#refusesAll) this.#release('again');
    });
  }

  accepted(): void {
    this.#acceptances++;
    this.#refusesAll = false;
    if (this.#held.length > 0) this.#release('final');
  }

  /** Nothing more will be accepted: what is held comes again, after the next start. */
  close(): void {
    this.#release('again');
  }

  #release(verdict: Verdict): void {
    const held = this.#held;
    this.#held = [];
    for (const resolve of held) resolve(verdict);
  }
}

/** `last` is one of the refusals, for its code; its message may be about one row. */
export function refusesEverything(last: Fault): Fault {
  return new Fault(
    'set_up',
    'refuses_everything',
    `The model refused ${REJECTIONS_HELD_MAX} rows and accepted none (${last.code}): nothing is failed, nothing archived. Check its format and input.`,
    { httpStatus: last.httpStatus, requestId: last.requestId },
  );
}
