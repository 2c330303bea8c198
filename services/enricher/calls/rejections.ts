import { Fault } from '../../../shared/errors/policy.ts';

/** So many in a row, with not one row accepted, are no accident of data: format or model are wrong. */
export const REJECTIONS_HELD_MAX = 20;

/** final: the row is to be failed. again: the model refused everything, so its refusal says nothing about the row. */
export type Verdict = 'final' | 'again';

interface Held {
  readonly refusedAtCall: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Holds refusals of single rows until a call that began later is accepted: what was under way beside it may have been answered
 * before the model was replaced. A model that refuses everything is wrongly set up, and archives nothing.
 */
export class RejectionGuard {
  #held: Held[] = [];
  #calls = 0;
  #acceptedCall = 0;
  #refusedInARow = 0;
  #refusesAll = false;

  /** Calls begun so far. */
  get calls(): number {
    return this.#calls;
  }

  /** From the refusal that was one too many until the next acceptance. */
  get refusesAll(): boolean {
    return this.#refusesAll;
  }

  /** Whether refusals wait for an acceptance. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Returns the ordinal of a call that begins now. */
  begin(): number {
    this.#calls++;
    return this.#calls;
  }

  /** Whether a call that began after so many others was accepted. */
  hasAcceptedSince(calls: number): boolean {
    return this.#acceptedCall > calls;
  }

  /** Resolves once it is known what the refusal means; rejects with what nobody named, when finding it out met that. */
  async rejected(refusedAtCall: number): Promise<Verdict> {
    return await new Promise((resolve, reject) => {
      this.#held.push({ refusedAtCall, resolve, reject });
      this.#refusedInARow++;
      if (this.#refusedInARow >= REJECTIONS_HELD_MAX) this.#refusesAll = true;
      if (this.#refusesAll) this.#release('again', this.#calls);
    });
  }

  accepted(ordinal: number): void {
    this.#acceptedCall = Math.max(this.#acceptedCall, ordinal);
    this.#refusedInARow = 0;
    this.#refusesAll = false;
    this.#release('final', ordinal - 1);
  }

  /** Nothing more will be accepted: what is held comes again, after the next start. */
  close(): void {
    this.#release('again', this.#calls);
  }

  failed(error: unknown): void {
    for (const { reject } of this.#held.splice(0)) reject(error);
  }

  #release(verdict: Verdict, refusedAtMost: number): void {
    if (this.#held.length === 0) return;
    const released = this.#held.filter(({ refusedAtCall }) => refusedAtCall <= refusedAtMost);
    this.#held = this.#held.filter(({ refusedAtCall }) => refusedAtCall > refusedAtMost);
    for (const { resolve } of released) resolve(verdict);
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

/** What is said of a batch, or of a model that always looks away from this one row, as that row's own. */
export function refusedAlone(fault: Fault): Fault {
  if (fault.kind !== 'rejected_batch' && fault.kind !== 'unavailable') return fault;
  return new Fault('rejected_item', fault.code, fault.message, fault);
}
