import type { Call, Operation } from '../operation.ts';
import { Bucket } from './bucket.ts';
import { type QuotaRule, quotaRule } from './rule.ts';

export interface ListedQuota {
  readonly id: number;
  readonly rule: QuotaRule;
  /** How many calls it refused. */
  readonly refused: number;
}

/** A call that may go on until it leaves, or what there was too much of. */
export type Entered =
  | { readonly refused: 'calls' | 'tokens' }
  | { readonly refused: undefined; leave(): void };

interface Flow {
  readonly bucket: Bucket;
  readonly what: 'calls' | 'tokens';
  amountOf(call: Call): number;
}

interface Entry {
  readonly rule: QuotaRule;
  readonly flows: readonly Flow[];
  underWay: number;
  refused: number;
}

const RULES_MAX = 100;
const NOTHING_TO_LEAVE: Entered = { refused: undefined, leave: () => undefined };

/** The quotas in force. A call that is refused takes nothing from any of them. */
export class Quotas {
  readonly #now: () => number;
  readonly #entries = new Map<number, Entry>();
  #lastId = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws what the schema says is wrong with it. */
  add(rule: QuotaRule): number {
    const checked = quotaRule.parse(rule);
    if (this.#entries.size >= RULES_MAX) throw new RangeError(`There are ${RULES_MAX} quotas already.`);
    this.#lastId += 1;
    const flows = flowsOf(checked, this.#now());
    this.#entries.set(this.#lastId, { rule: checked, flows, underWay: 0, refused: 0 });
    return this.#lastId;
  }

  remove(id: number): boolean {
    return this.#entries.delete(id);
  }

  clear(): void {
    this.#entries.clear();
  }

  list(): readonly ListedQuota[] {
    return [...this.#entries].map(([id, { rule, refused }]) => ({ id, rule, refused }));
  }

  enter(operation: Operation, call: Call): Entered {
    if (this.#entries.size === 0) return NOTHING_TO_LEAVE;
    const fitting = [...this.#entries.values()].filter(({ rule }) => fits(rule, operation, call));
    const nowMs = this.#now();
    for (const entry of fitting) {
      const what = exhausted(entry, call, nowMs);
      if (what === undefined) continue;
      entry.refused += 1;
      return { refused: what };
    }
    for (const entry of fitting) {
      entry.underWay += 1;
      for (const flow of entry.flows) flow.bucket.take(flow.amountOf(call));
    }
    return {
      refused: undefined,
      leave: () => {
        for (const entry of fitting) entry.underWay -= 1;
      },
    };
  }
}

function exhausted(entry: Entry, call: Call, nowMs: number): 'calls' | 'tokens' | undefined {
  if (entry.underWay >= (entry.rule.concurrency ?? Number.POSITIVE_INFINITY)) return 'calls';
  return entry.flows.find((flow) => !flow.bucket.holds(flow.amountOf(call), nowMs))?.what;
}

function fits(rule: QuotaRule, operation: Operation, call: Call): boolean {
  if (rule.operation !== undefined && rule.operation !== operation.name) return false;
  return rule.endpoint === undefined || rule.endpoint === call.endpoint;
}

function flowsOf(rule: QuotaRule, nowMs: number): readonly Flow[] {
  const flow = (
    limit: number | undefined,
    windowMs: number,
    what: Flow['what'],
    amountOf: Flow['amountOf'],
  ): readonly Flow[] =>
    limit === undefined
      ? []
      : [{ bucket: new Bucket(rule.burst ?? limit, limit / windowMs, nowMs), what, amountOf }];
  return [
    ...flow(rule.calls_per_second, 1_000, 'calls', () => 1),
    ...flow(rule.calls_per_minute, 60_000, 'calls', () => 1),
    ...flow(rule.documents_per_second, 1_000, 'calls', (call) => call.rows),
    ...flow(rule.tokens_per_minute, 60_000, 'tokens', (call) => call.tokens),
  ];
}
