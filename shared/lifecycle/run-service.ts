import { once } from 'node:events';
import type { Logger } from '../telemetry/logger.ts';

export interface ServiceProcess {
  readonly name: string;
  readonly logger: Logger;
  /** Longest time from the first signal to the end; what is not finished then is repeated after the next start. */
  readonly drainMaxMs: number;
  /** Runs until `signal` aborts, then drains and resolves. Rejecting ends the process with status 70 or the error's own. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * The one lifecycle of every process: the first SIGTERM or SIGINT drains within a bound, a second ends at once, and a
 * supervisor that disappears counts as a signal. Resolves with the exit status.
 */
export async function runService(service: ServiceProcess): Promise<number> {
  const stopping = new AbortController();
  const stop = (reason: string): void => {
    if (stopping.signal.aborted) {
      service.logger.warn({ reason }, 'second signal: ending at once');
      process.exit(1);
    }
    service.logger.info({ reason }, 'draining');
    stopping.abort();
    setTimeout(() => {
      service.logger.warn({ drain_max_ms: service.drainMaxMs }, 'not drained in time: ending');
      process.exit(1);
    }, service.drainMaxMs).unref();
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (process.channel !== undefined) {
    process.once('disconnect', () => stop('supervisor gone'));
    process.channel.unref();
  }
  try {
    await service.run(stopping.signal);
    service.logger.info('stopped');
    return 0;
  } catch (error) {
    service.logger.error({ err: error }, 'ended by an error');
    return error instanceof Error && 'exit' in error && typeof error.exit === 'number' ? error.exit : 70;
  }
}

/** Resolves when `signal` aborts; for services whose work happens in callbacks. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Resolves true after `waitMs`, or false as soon as `signal` aborts. */
export async function pause(waitMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return await new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve(true);
    }, waitMs);
    signal.addEventListener('abort', end, { once: true });
  });
}
