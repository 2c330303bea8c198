import type { Call, Operation } from '../operation.ts';
import type { Random } from '../random.ts';
import type { Bend } from './bend.ts';
import { ColdStarts } from './cold-starts.ts';
import { type Fault, type FaultRule, faultRule, type InputMatch } from './rule.ts';
import { canShow, isBend, type Strike } from './strike.ts';

export interface BaseLatency {
  readonly latencyMs: number;
  readonly jitterMs: number;
}

export interface ListedRule {
  readonly id: number;
  readonly rule: FaultRule;
  /** How often it struck: a fault that never did proved nothing. */
  readonly struck: number;
  /** Calls still to come; null until removed. */
  readonly left: number | null;
}

/** What this call has to suffer: a delay, and at most one fault, the oldest rule first. */
export interface Verdict {
  readonly delayMs: number;
  readonly strike: Strike | undefined;
  readonly bend: Bend | undefined;
}

interface Entry {
  readonly rule: FaultRule;
  readonly fault: Fault;
  readonly input: InputMatch | undefined;
  readonly endMs: number;
  readonly coldStarts: ColdStarts;
  struck: number;
  left: number;
}

// Every call looks through all rules; nobody needs more, and a runaway script should notice.
const RULES_MAX = 100;

/** The faults in force. */
export class FaultEngine {
  readonly #base: BaseLatency;
  readonly #random: Random;
  readonly #now: () => number;
  readonly #rules = new Map<number, Entry>();
  #lastId = 0;

  constructor(base: BaseLatency, random: Random, now: () => number) {
    this.#base = base;
    this.#random = random;
    this.#now = now;
  }

  /** Throws what the schema says is wrong with it. */
  add(rule: FaultRule): number {
    const checked = faultRule.parse(rule);
    if (this.#rules.size >= RULES_MAX) throw new RangeError(`There are ${RULES_MAX} rules already.`);
    this.#lastId += 1;
    this.#rules.set(this.#lastId, {
      rule: checked,
      fault: checked.fault,
      input: checked.input,
      endMs: this.#now() + (checked.for_ms ?? Number.POSITIVE_INFINITY),
      coldStarts: new ColdStarts(),
      struck: 0,
      left: checked.calls ?? Number.POSITIVE_INFINITY,
    });
    return this.#lastId;
  }

  remove(id: number): boolean {
    return this.#rules.delete(id);
  }

  clear(): void {
    this.#rules.clear();
  }

  list(): readonly ListedRule[] {
    return [...this.#rules].map(([id, { rule, struck, left }]) => ({
      id,
      rule,
      struck,
      left: Number.isFinite(left) ? left : null,
    }));
  }

  /** Counts against the rules that apply, so it is asked once per call. */
  judge(operation: Operation, call: Call): Verdict {
    let delayMs = this.#delay(this.#base.latencyMs, this.#base.jitterMs);
    if (this.#rules.size === 0) return { delayMs, strike: undefined, bend: undefined };
    let strike: Strike | undefined;
    let bend: Bend | undefined;
    for (const entry of this.#rules.values()) {
      const { fault } = entry;
      if (!this.#applies(entry, operation, call)) continue;
      const waitMs = this.#waitOf(fault, entry, operation, call);
      if (waitMs === 0) continue; // the model is warm
      if (waitMs !== undefined) delayMs += waitMs;
      if (fault.kind !== 'latency' && waitMs === undefined) {
        if (strike !== undefined) continue; // its turn comes with a later call
        strike = fault;
        if (isBend(fault)) bend = { fault, input: entry.input };
      }
      entry.struck += 1;
      entry.left -= 1;
    }
    return { delayMs, strike, bend };
  }

  /** How long a fault delays; 0: it does not this time; undefined: it is not one that delays. */
  #waitOf(fault: Fault, entry: Entry, operation: Operation, call: Call): number | undefined {
    if (fault.kind === 'latency') return this.#delay(fault.latency_ms, fault.jitter_ms) || undefined;
    if (fault.kind !== 'cold_start') return undefined;
    const coldMs = entry.coldStarts.called(`${operation.name}/${call.endpoint}`, this.#now(), fault);
    return coldMs === 0 || fault.answer === 'wait' ? coldMs : undefined;
  }

  #applies({ rule, fault, input, endMs, left }: Entry, operation: Operation, call: Call): boolean {
    if (left <= 0 || this.#now() >= endMs) return false;
    if (rule.operation !== undefined && rule.operation !== operation.name) return false;
    if (rule.endpoint !== undefined && rule.endpoint !== call.endpoint) return false;
    if (!canShow(fault, operation, call)) return false;
    if (input !== undefined && !call.matches(input)) return false;
    return rule.share === undefined || this.#random() < rule.share;
  }

  #delay(latencyMs: number, jitterMs: number): number {
    return jitterMs === 0 ? latencyMs : latencyMs + this.#random() * jitterMs;
  }
}
