import type { ProcessIdentity } from '../../../deploy/local/processes.ts';
import type { EndedService, StackClaim } from '../../../deploy/local/running-stack.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { ObservedService } from '../view/collector.ts';
import { readService } from '../view/service-readings.ts';
import { ServiceChild, type ServicePlan } from './service-child.ts';

const POLL_MS = 100;

/** The services that `up` runs, all of them recorded so that `down` can stop what a killed `up` has left over. */
export class ServiceGroup {
  readonly #program: readonly string[];
  readonly #claim: StackClaim;
  readonly #children: ServiceChild[] = [];
  #notice: string | undefined;

  constructor(program: readonly string[], claim: StackClaim) {
    this.#program = program;
    this.#claim = claim;
  }

  /** The latest thing that happened to one of them. */
  get notice(): string | undefined {
    return this.#notice;
  }

  start(plan: ServicePlan): ServiceChild {
    const record = (child: ServiceChild, identity: ProcessIdentity): void => {
      const { port } = child;
      this.#claim.addProcess({
        ...identity,
        name: plan.name,
        kind: 'service',
        log: plan.log,
        ...(port === undefined ? {} : { port }),
      });
    };
    const child = new ServiceChild(plan, this.#program, {
      started: record,
      toldPort: record,
      ended: (child, next) => {
        if (next === 'stopped') this.#claim.removeProcess(plan);
        else this.#claim.addEnded({ name: plan.name, state: next, ...whyEnded(child), log: plan.log });
      },
      notice: (text) => {
        this.#notice = text;
      },
    });
    this.#children.push(child);
    child.start();
    return child;
  }

  observed(): readonly ObservedService[] {
    return this.#children.map((child) => ({
      name: child.plan.name,
      port: child.port,
      restarts: child.restarts,
      lastEnd: child.lastEnd,
      isObserved: child.plan.isObserved,
      condition: child.isGivenUp ? 'given up' : child.identity === undefined ? 'restarting' : 'running',
    }));
  }

  /** Resolves when all of them are ready; part_not_up when one stays down or is not ready in time. */
  async ready(deadlineMs: number, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    const waiting = new Set(this.#children);
    while (!signal.aborted) {
      for (const child of waiting) {
        if (child.isGivenUp) throw notUp(child, child.lastEnd ?? 'stays down');
        const reading = child.port === undefined ? undefined : await readService(child.port);
        if (reading?.isReady === true || !child.plan.isObserved) waiting.delete(child);
      }
      if (waiting.size === 0) return;
      const [late] = waiting;
      if (late !== undefined && performance.now() > deadline) {
        throw notUp(late, `was not ready within ${deadlineMs / 1_000} s`);
      }
      await pause(POLL_MS, signal);
    }
  }

  /** The named ones, or all of them; at once, since each drains by itself. */
  async stop(...names: readonly string[]): Promise<void> {
    const stopping = this.#children.filter(({ plan }) => names.length === 0 || names.includes(plan.name));
    await Promise.all(stopping.map((child) => child.stop()));
  }

  kill(): void {
    for (const child of this.#children) child.kill();
  }
}

function whyEnded({ lastEnd = 'ended', latestLog }: ServiceChild): Pick<EndedService, 'reason' | 'remedy'> {
  const said = lastError(latestLog);
  return said === undefined
    ? { reason: lastEnd }
    : { reason: `${lastEnd}: ${said.message}`, remedy: said.remedy };
}

function notUp({ plan, latestLog }: ServiceChild, how: string): AfterglowError {
  const said = lastError(latestLog);
  const reason = said === undefined ? '' : ` It says: ${said.message}`;
  return new AfterglowError('part_not_up', `The service ${plan.name} ${how}.${reason}`, {
    remedy: `${said?.remedy ?? 'See why.'} Its log: ${plan.log}`,
  });
}

/** What a service printed with --json when it ended by an error. */
export function lastError(log: string): { readonly message: string; readonly remedy: string } | undefined {
  for (const line of log.split('\n').reverse()) {
    if (!line.startsWith('{"error":')) continue;
    try {
      const { error } = JSON.parse(line) as { error: { message?: unknown; remedy?: unknown } };
      return { message: String(error.message), remedy: String(error.remedy) };
    } catch {
      // Cut short by the end of the process.
    }
  }
  return undefined;
}
