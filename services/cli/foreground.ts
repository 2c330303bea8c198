// One service in this process: settings in, telemetry out, the lifecycle every process has.

import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { runService } from '../../shared/lifecycle/run-service.ts';
import type { ServiceSettings } from '../../shared/lifecycle/service-settings.ts';
import { createTelemetry, startTelemetryServer } from '../../shared/telemetry/http.ts';
import { createLogger, type Logger } from '../../shared/telemetry/logger.ts';
import type { AwsLocalSettings } from '../aws-local/main.ts';
import { requireDefinition } from './definition.ts';
import type { Environment, Invocation } from './invocation.ts';
import { portOption } from './option-values.ts';
import { chooseParts, settingOf } from './settings.ts';

/** Longer than a model call may take to end, shorter than what supervisors wait before they kill. */
const DRAIN_MAX_MS = 10_000;

export interface ForegroundSettings extends ServiceSettings {
  /** Only what belongs to the mode that was asked for. */
  readonly awsEnvironment: Environment;
}

export interface ForegroundService {
  readonly name: string;
  /** What stands between it and readiness; it says so itself when each is there. */
  readonly needed: readonly string[];
  run(settings: ForegroundSettings, signal: AbortSignal): Promise<void>;
}

export async function runInForeground(invocation: Invocation, service: ForegroundService): Promise<number> {
  const definition = await requireDefinition(invocation);
  const parts = chooseParts(invocation);
  const logger = createLogger(service.name, invocation.logLevel ?? 'info');
  const telemetry = createTelemetry(...service.needed);
  return await runUntilStopped(service.name, logger, async (signal) => {
    await using server = await startTelemetryServer(telemetry, { port: httpPort(invocation.environment) });
    logger.info({ port: server.port }, 'answering /metrics, /livez and /readyz');
    tellSupervisor({ httpPort: server.port });
    const { databaseUrl, brokers, awsEnvironment } = parts;
    await service.run({ definition, databaseUrl, brokers, logger, telemetry, awsEnvironment }, signal);
  });
}

/** What the stand-in has from the start, as it was typed. */
export interface TypedBeginning {
  readonly faults: readonly string[];
  readonly quotas: readonly string[];
  readonly functions: readonly string[];
}

export async function runAwsLocal(
  invocation: Invocation,
  { faults, quotas, functions }: TypedBeginning,
  settings: AwsLocalSettings,
): Promise<number> {
  // Only this process needs it: the others have no room for the models of the stand-in.
  const standIn = await import('../aws-local/main.ts');
  const beginning = typed(() => ({
    ...standIn.readBeginning(faults, quotas),
    functions: standIn.readFunctions(functions),
  }));
  const logger = createLogger('aws-local', invocation.logLevel ?? 'info');
  return await runUntilStopped('aws-local', logger, async (signal) => {
    try {
      await standIn.run({ ...settings, ...beginning }, logger, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
      throw new AfterglowError('usage', `Port ${settings.port} is in use by something else.`, {
        remedy: 'Name another one with --port; 0 takes any free one.',
        cause: error,
      });
    }
  });
}

function typed<Read>(read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AfterglowError('usage', error.message, {
      remedy: 'docs/aws-local.md lists them.',
      cause: error,
    });
  }
}

/** An error a person can act on is thrown again after the log has it, so that it is also said in words. */
export async function runUntilStopped(
  name: string,
  logger: Logger,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  let failure: AfterglowError | undefined;
  const status = await runService({
    name,
    logger,
    drainMaxMs: DRAIN_MAX_MS,
    run: async (signal) => {
      try {
        await work(signal);
      } catch (error) {
        if (error instanceof AfterglowError) failure = error;
        throw error;
      }
    },
  });
  if (failure !== undefined) throw failure;
  return status;
}

function httpPort(environment: Environment): number {
  const port = settingOf(environment, 'AFTERGLOW_HTTP_PORT');
  if (port === undefined) return 0;
  try {
    return portOption(port);
  } catch (cause) {
    throw new AfterglowError('usage', `AFTERGLOW_HTTP_PORT is "${port}"; it takes a port.`, { cause });
  }
}

/** `up` learns from this which port the service took; without a supervisor nobody listens. */
function tellSupervisor(message: { readonly httpPort: number }): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
