import type { Bend, Call } from '../operation.ts';
import type { Random } from '../random.ts';
import { type Fault, type FaultRule, faultRule } from './rule.ts';

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

export type Strike = Exclude<Fault, { kind: 'latency' }>;

/** What this call has to suffer: a delay, and at most one fault, the oldest rule first. */
export interface Verdict {
  readonly delayMs: number;
  readonly strike: Strike | undefined;
}

// Every call looks through all rules; nobody needs more, and a runaway script should notice.
const RULES_MAX = 100;

/** The faults in force. */
export class FaultEngine {
  readonly #base: BaseLatency;
  readonly #random: Random;
  readonly #rules = new Map<number, { rule: FaultRule; fault: Fault; struck: number; left: number }>();
  #lastId = 0;

  constructor(base: BaseLatency, random: Random) {
    this.#base = base;
    this.#random = random;
  }

  /** Throws what the schema says is wrong with it. */
  add(rule: FaultRule): number {
    const checked = faultRule.parse(rule);
    if (this.#rules.size >= RULES_MAX) throw new RangeError(`There are ${RULES_MAX} rules already.`);
    this.#lastId += 1;
    this.#rules.set(this.#lastId, {
      rule: checked,
      fault: checked.fault,
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
  judge(operation: string, call: Call): Verdict {
    let delayMs = this.#delay(this.#base.latencyMs, this.#base.jitterMs);
    let strike: Strike | undefined;
    for (const entry of this.#rules.values()) {
      if (entry.left <= 0 || !applies(entry.rule, operation, call)) continue;
      if (entry.fault.kind === 'latency') {
        delayMs += this.#delay(entry.fault.latency_ms, entry.fault.jitter_ms);
      } else {
        if (strike !== undefined) continue; // its turn comes with a later call
        strike = entry.fault;
      }
      entry.struck += 1;
      entry.left -= 1;
    }
    return { delayMs, strike };
  }

  #delay(latencyMs: number, jitterMs: number): number {
    return jitterMs === 0 ? latencyMs : latencyMs + this.#random() * jitterMs;
  }
}

function applies(rule: FaultRule, operation: string, call: Call): boolean {
  if (rule.operation !== undefined && rule.operation !== operation) return false;
  if (rule.endpoint !== undefined && rule.endpoint !== call.endpoint) return false;
  return rule.input === undefined || call.matches(rule.input);
}

/** The faults that are the model's own wrong answer rather than the service's. */
export function bendOf(strike: Strike | undefined): Bend | undefined {
  switch (strike?.kind) {
    case 'rows':
    case 'not_a_number':
    case 'malformed':
    case 'empty':
      return strike;
    default:
      return undefined;
  }
}
