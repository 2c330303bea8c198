import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { beginLog, readLogFrom } from '../../../deploy/local/log-file.ts';
import {
  type EndStep,
  endProcess,
  identityOf,
  isAlive,
  type ProcessIdentity,
} from '../../../deploy/local/processes.ts';
import { RestartPolicy } from './restart-policy.ts';

export interface ServicePlan {
  /** As people say it: "enricher fraud". */
  readonly name: string;
  /** Node's own, beside those of every service. */
  readonly nodeArguments?: readonly string[];
  readonly programArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly log: string;
  /** Known beforehand where it is a setting; else the service tells it. */
  readonly port?: number;
  /** Polled for readiness. Undefined: it has no telemetry, and running is all there is to know. */
  readonly isObserved: boolean;
}

export interface ServiceEvents {
  started(child: ServiceChild, identity: ProcessIdentity): void;
  toldPort(child: ServiceChild, identity: ProcessIdentity): void;
  /** stopped: it was told to end. */
  ended(child: ServiceChild, next: 'stopped' | 'restarting' | 'given up'): void;
  /** Something a person wants to hear. */
  notice(text: string): void;
}

/** A service drains within ten seconds by itself; beyond that it hangs. */
const END_STEPS: readonly EndStep[] = [
  { signal: 'SIGTERM', waitMs: 13_000 },
  { signal: 'SIGKILL', waitMs: 2_000 },
];

/** One service as a process of its own, started again when it ends by itself. */
export class ServiceChild {
  readonly plan: ServicePlan;
  readonly #program: readonly string[];
  readonly #events: ServiceEvents;
  readonly #policy = new RestartPolicy();
  #identity: ProcessIdentity | undefined;
  #port: number | undefined;
  #logBegins = 0;
  #restarts = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #isGivenUp = false;
  #lastEnd: string | undefined;

  /** `program`: the Node and its arguments up to the command. */
  constructor(plan: ServicePlan, program: readonly string[], events: ServiceEvents) {
    this.plan = plan;
    this.#program = program;
    this.#events = events;
    this.#port = plan.port;
  }

  get identity(): ProcessIdentity | undefined {
    return this.#identity;
  }

  get port(): number | undefined {
    return this.#port;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Ended too often: somebody has to look at its log. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** "ended with status 70", "was ended by SIGKILL". */
  get lastEnd(): string | undefined {
    return this.#lastEnd;
  }

  /** What it wrote since its latest start: an error of an earlier one would explain the wrong end. */
  get latestLog(): string {
    return existsSync(this.plan.log) ? readLogFrom(this.plan.log, this.#logBegins) : '';
  }

  start(): void {
    const startedAtMs = performance.now();
    const [node = process.execPath, ...nodeArguments] = this.#program;
    const { nodeArguments: own = [], programArguments, environment, folder, log } = this.plan;
    this.#logBegins = beginLog(log);
    const output = openSync(log, 'a', 0o600);
    let child: ChildProcess;
    try {
      child = spawn(node, [...own, ...nodeArguments, ...programArguments], {
        cwd: folder,
        env: environment,
        // A group of its own: a terminal's Ctrl-C is for `up`, which stops the services in their order. The channel tells
        // the service when `up` is gone, however it went.
        detached: true,
        stdio: ['ignore', output, output, 'ipc'],
      });
    } finally {
      closeSync(output);
    }
    child.on('message', (message) => {
      const port =
        typeof message === 'object' && message !== null ? Reflect.get(message, 'httpPort') : undefined;
      if (typeof port !== 'number') return;
      this.#port = port;
      if (this.#identity !== undefined) this.#events.toldPort(this, this.#identity);
    });
    child.once('error', (error) =>
      this.#ended(child, startedAtMs, null, `could not be started (${error.message})`),
    );
    child.once('exit', (code, signal) =>
      this.#ended(
        child,
        startedAtMs,
        code,
        signal === null ? `ended with status ${code}` : `was ended by ${signal}`,
      ),
    );
    if (child.pid === undefined) return;
    this.#identity = identityOf(child.pid);
    if (this.#identity !== undefined) this.#events.started(this, this.#identity);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    if (this.#identity !== undefined) await endProcess(this.#identity, END_STEPS);
  }

  /** At once and without a word to it. */
  kill(): void {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    if (this.#identity !== undefined && isAlive(this.#identity)) process.kill(this.#identity.pid, 'SIGKILL');
  }

  #ended(child: ChildProcess, startedAtMs: number, status: number | null, how: string): void {
    this.#lastEnd = how;
    child.removeAllListeners('exit');
    this.#identity = undefined;
    if (this.plan.port === undefined) this.#port = undefined;
    if (this.#isStopping) {
      this.#events.ended(this, 'stopped');
      return;
    }
    const { name, log } = this.plan;
    const decision = this.#policy.decide(performance.now() - startedAtMs, status);
    this.#isGivenUp = decision.action === 'stay_down';
    this.#events.ended(this, this.#isGivenUp ? 'given up' : 'restarting');
    if (decision.action === 'stay_down') {
      this.#events.notice(`${name} ${how} and stays down; see ${log}`);
      return;
    }
    this.#events.notice(`${name} ${how} and starts again in ${(decision.waitMs / 1_000).toFixed(1)} s`);
    this.#restartTimer = setTimeout(() => {
      this.#restarts += 1;
      this.start();
    }, decision.waitMs);
  }
}
