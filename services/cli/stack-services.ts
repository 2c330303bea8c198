// The services of the stack that runs here, for `status` and `doctor`: those that run, those that ended, those that never came.
import { isAlive } from '../../deploy/local/processes.ts';
import type { StackState } from '../../deploy/local/running-stack.ts';
import type { Definition } from '../../shared/config/definition.ts';
import { serviceNames } from './up/service-plans.ts';
import { type ObservedService, viewOf } from './view/collector.ts';
import { readService, type ServiceReading } from './view/service-readings.ts';
import type { ServiceView } from './view/snapshot.ts';

export interface StackService {
  readonly view: ServiceView;
  readonly reading: ServiceReading | undefined;
  readonly log: string | undefined;
  /** What the service itself said about its end. */
  readonly remedy: string | undefined;
}

/** Services that have no telemetry. */
const NOT_OBSERVED = new Set(['demo']);
const NEVER_STARTED = 'was not started with this stack';

/** Without a definition only what the stack itself recorded can be known. */
export async function readStackServices(
  stack: StackState,
  definition: Definition | undefined,
): Promise<readonly StackService[]> {
  const wanted = definition === undefined ? [] : serviceNames(definition);
  const recorded = [...stack.processes.filter(({ kind }) => kind === 'service'), ...stack.ended];
  const names = new Set([...wanted, ...recorded.map(({ name }) => name)]);
  return await Promise.all([...names].map((name) => readStackService(stack, name)));
}

async function readStackService(stack: StackState, name: string): Promise<StackService> {
  const process = stack.processes.find((each) => each.name === name);
  const ended = stack.ended.find((each) => each.name === name);
  const service: ObservedService = {
    name,
    port: process?.port,
    restarts: 0,
    lastEnd: ended?.reason ?? (process === undefined ? NEVER_STARTED : undefined),
    // A process that is gone and not yet recorded as ended is about to be.
    condition:
      process === undefined ? (ended?.state ?? 'given up') : isAlive(process) ? 'running' : 'restarting',
    isObserved: !NOT_OBSERVED.has(name),
  };
  const isAsked = service.condition === 'running' && service.isObserved && service.port !== undefined;
  const reading = isAsked ? await readService(service.port) : undefined;
  return {
    view: viewOf(service, reading),
    reading,
    log: process?.log ?? ended?.log,
    remedy: ended?.remedy,
  };
}
