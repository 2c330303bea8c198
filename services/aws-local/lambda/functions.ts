import { AwsError } from '../errors.ts';
import { throttled } from '../service-errors.ts';
import { Environment, type FunctionSettings, type FunctionSize, moduleAddress } from './environment.ts';
import type { Ended } from './messages.ts';

export type Run = Ended & { readonly billedMs: number };

/** What a function of Lambda has when nobody says otherwise, and fewer environments than an account: they are threads here. */
const DEFAULTS: FunctionSize = { timeoutMs: 3_000, memoryMb: 128, concurrency: 10 };

/** The functions there are, by `name` or `name:qualifier`. */
export class Functions {
  readonly #functions: ReadonlyMap<string, LocalFunction>;

  constructor(settings: Readonly<Record<string, FunctionSettings>>) {
    this.#functions = new Map(
      Object.entries(settings).map(([name, each]) => [name, new LocalFunction(name, each)]),
    );
  }

  /** Throws what the service says of one that is not there. */
  find(name: string, qualifier: string | undefined): LocalFunction {
    const named = qualifier === undefined || qualifier === '$LATEST' ? name : `${name}:${qualifier}`;
    const found = this.#functions.get(named);
    if (found !== undefined) return found;
    throw new AwsError(
      'ResourceNotFoundException',
      404,
      `Function not found: arn:aws:lambda:us-east-1:000000000000:function:${named}`,
      { Type: 'User' },
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#functions.values()].map((each) => each.close()));
  }
}

/** One function and its environments: a call takes a warm one, or begins another. */
export class LocalFunction {
  readonly #name: string;
  readonly #module: string;
  readonly #size: FunctionSize;
  readonly #all = new Set<Environment>();
  readonly #idle: Environment[] = [];
  #underWay = 0;

  constructor(name: string, { module, ...size }: FunctionSettings) {
    this.#name = name;
    this.#module = moduleAddress(module);
    this.#size = { ...DEFAULTS, ...size };
  }

  /** Throws when all its environments are taken. */
  async run(event: string, requestId: string): Promise<Run> {
    if (this.#underWay >= this.#size.concurrency) {
      throw throttled('lambda', { reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' });
    }
    this.#underWay += 1;
    try {
      const environment = this.#warm() ?? (await this.#begin());
      if (!(environment instanceof Environment)) return { kind: 'failed', failure: environment, billedMs: 1 };
      const beganAtMs = performance.now();
      const ended = await environment.invoke({ event, requestId, timeoutMs: this.#size.timeoutMs });
      const billedMs = Math.max(Math.ceil(performance.now() - beganAtMs), 1);
      if (environment.isOver) this.#all.delete(environment);
      else this.#idle.push(environment);
      return { ...ended, billedMs };
    } finally {
      this.#underWay -= 1;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((environment) => environment.close()));
  }

  #warm(): Environment | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.isOver) return idle;
      this.#all.delete(idle); // it ended while nobody asked it
    }
    return undefined;
  }

  async #begin() {
    const begun = await Environment.begin({
      module: this.#module,
      name: this.#name,
      memoryMb: this.#size.memoryMb,
    });
    if (begun instanceof Environment) this.#all.add(begun);
    return begun;
  }
}
