// A key press reaches this process from the terminal and again through the launcher (and npm): it must count once.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type HandedOnSignal = (typeof SIGNALS)[number];

/** Longer than any launcher takes to hand a signal on, shorter than two deliberate key presses. */
const SAME_SIGNAL_MS = 200;

const EXIT_STATUS: Readonly<Record<HandedOnSignal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Decides whether a signal that the launcher reports is one that this process has not had by itself. Pure: time comes in. */
export class SignalMemory {
  readonly #directAtMs = new Map<string, number>();
  readonly #raisedAtMs = new Map<string, number>();

  direct(signal: string, nowMs: number): void {
    this.#directAtMs.set(signal, nowMs);
  }

  /** Asked `SAME_SIGNAL_MS` after the report, so that a direct one had the time to arrive. */
  isNew(signal: string, reportedAtMs: number, nowMs: number): boolean {
    const direct = this.#directAtMs.get(signal);
    if (direct !== undefined && direct >= reportedAtMs - SAME_SIGNAL_MS) return false;
    const raised = this.#raisedAtMs.get(signal);
    if (raised !== undefined && raised >= reportedAtMs) return false; // npm and the launcher both reported it
    this.#raisedAtMs.set(signal, nowMs);
    return true;
  }
}

/**
 * Listens to the launcher, when there is one. A signal it reports is raised here unless the terminal already brought it;
 * when it is gone, commands that do not drain by themselves end.
 */
export function linkToLauncher(): void {
  if (process.channel === undefined) return;
  const memory = new SignalMemory();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      memory.direct(signal, performance.now());
      // Listening takes the signal's default away: without another listener it still ends the process.
      if (process.listenerCount(signal) === 1) process.exit(EXIT_STATUS[signal]);
    });
  }
  process.on('message', (message) => {
    const signal = signalOf(message);
    if (signal === undefined) return;
    const reportedAtMs = performance.now();
    setTimeout(() => {
      if (memory.isNew(signal, reportedAtMs, performance.now())) process.kill(process.pid, signal);
    }, SAME_SIGNAL_MS);
  });
  process.on('disconnect', () => {
    if (process.listenerCount('disconnect') === 1) process.exit(EXIT_STATUS.SIGHUP);
  });
  process.channel.unref(); // waiting for the launcher is no reason to stay
}

function signalOf(message: unknown): HandedOnSignal | undefined {
  const name = typeof message === 'object' && message !== null ? Reflect.get(message, 'signal') : undefined;
  return SIGNALS.find((signal) => signal === name);
}
