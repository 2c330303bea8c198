import { Counter, Registry } from 'prom-client';

export interface CallCount {
  readonly service: string;
  readonly operation: string;
  readonly endpoint: string;
  calls: number;
  rows: number;
  /** Calls that a model answered, whether or not the answer was read: what the bill would list. */
  paid_calls: number;
  /** Hundreds of characters of Comprehend, tokens of Bedrock. */
  paid_units: number;
  bytes_in: number;
  bytes_out: number;
  /** By HTTP status; 0: no complete answer (cut, stalled, or the client left). */
  readonly statuses: Record<string, number>;
}

export interface Calls {
  readonly operations: readonly CallCount[];
  /** By amz-sdk-invocation-id: how many calls of clients there were, and how many of them came more than once. */
  readonly invocations: {
    readonly distinct: number;
    readonly repeated: number;
    readonly attempts_max: number;
  };
}

// Names come from outside; beyond this many they are counted together.
const ENDPOINTS_MAX = 200;
// Enough for any test; beyond it the oldest are forgotten, and a repetition of one of those counts as new.
const INVOCATIONS_MAX = 100_000;

/** What was asked, counted: so that a test can say what would have been paid. */
export class CallLedger {
  readonly #operations = new Map<string, CallCount>();
  readonly #attempts = new Map<string, number>();
  #distinct = 0;
  #repeated = 0;
  #attemptsMax = 0;

  arrived(
    service: string,
    operation: string,
    endpoint: string,
    { rows, bytesIn, invocationId }: { rows: number; bytesIn: number; invocationId: string | undefined },
  ): CallCount {
    const count = this.#countOf(service, operation, endpoint);
    count.calls += 1;
    count.rows += rows;
    count.bytes_in += bytesIn;
    if (invocationId !== undefined) this.#attempted(invocationId);
    return count;
  }

  /** A model has answered: from here on the call costs, whatever becomes of the answer. */
  paid(count: CallCount, units: number): void {
    count.paid_calls += 1;
    count.paid_units += units;
  }

  ended(count: CallCount, status: number, bytesOut: number): void {
    count.bytes_out += bytesOut;
    count.statuses[status] = (count.statuses[status] ?? 0) + 1;
  }

  calls(): Calls {
    return {
      operations: [...this.#operations.values()].map((count) => structuredClone(count)),
      invocations: { distinct: this.#distinct, repeated: this.#repeated, attempts_max: this.#attemptsMax },
    };
  }

  reset(): void {
    this.#operations.clear();
    this.#attempts.clear();
    this.#distinct = 0;
    this.#repeated = 0;
    this.#attemptsMax = 0;
  }

  /** The same counts as prom-client text, taken when asked. */
  metrics(): Registry {
    const registry = new Registry();
    const labelNames = ['service', 'operation', 'endpoint'] as const;
    const names = [
      ['afterglow_aws_local_calls_total', 'Calls that reached an operation.', 'calls'],
      ['afterglow_aws_local_rows_total', 'Rows in those calls.', 'rows'],
      ['afterglow_aws_local_paid_calls_total', 'Calls that a model answered.', 'paid_calls'],
      ['afterglow_aws_local_paid_units_total', 'What the price list counts for them.', 'paid_units'],
      ['afterglow_aws_local_received_bytes_total', 'Bytes of their bodies.', 'bytes_in'],
      ['afterglow_aws_local_sent_bytes_total', 'Bytes of the answers.', 'bytes_out'],
    ] as const;
    for (const [name, help, field] of names) {
      const counter = new Counter({ name, help, labelNames, registers: [registry] });
      for (const count of this.#operations.values()) {
        const { service, operation, endpoint } = count;
        counter.inc({ service, operation, endpoint }, count[field]);
      }
    }
    return registry;
  }

  #countOf(service: string, operation: string, endpoint: string): CallCount {
    const key = `${service}/${operation}/${endpoint}`;
    const known = this.#operations.get(key);
    if (known !== undefined) return known;
    if (endpoint !== '(others)' && this.#operations.size >= ENDPOINTS_MAX) {
      return this.#countOf(service, operation, '(others)');
    }
    const count = {
      service,
      operation,
      endpoint,
      calls: 0,
      rows: 0,
      paid_calls: 0,
      paid_units: 0,
      bytes_in: 0,
      bytes_out: 0,
      statuses: {},
    };
    this.#operations.set(key, count);
    return count;
  }

  #attempted(invocationId: string): void {
    const attempts = (this.#attempts.get(invocationId) ?? 0) + 1;
    this.#attempts.set(invocationId, attempts);
    if (attempts === 1) this.#distinct += 1;
    if (attempts === 2) this.#repeated += 1;
    this.#attemptsMax = Math.max(this.#attemptsMax, attempts);
    if (this.#attempts.size <= INVOCATIONS_MAX) return;
    const [oldest] = this.#attempts.keys();
    if (oldest !== undefined) this.#attempts.delete(oldest);
  }
}
