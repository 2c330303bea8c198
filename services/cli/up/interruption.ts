/** A wish to end, and what to do when it is repeated. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** As if a signal had come: --for has passed, or nobody reads the output any more. */
  end(): void;
  /** Something that everything depends on is gone: end, and say so. */
  fail(error: Error): void;
  readonly failure: Error | undefined;
}

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts `signal`; so does the launcher's end. The second one calls `endAtOnce`, which
 * does not return.
 */
export function listenForInterruption(endAtOnce: () => void): Interruption {
  const stopping = new AbortController();
  let failure: Error | undefined;
  const onSignal = (): void => {
    if (stopping.signal.aborted) endAtOnce();
    else stopping.abort();
  };
  // The launcher is gone, but a clean end is still wanted: unlike a second signal this never ends at once.
  const end = (): void => stopping.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  process.on('disconnect', end);
  process.channel?.unref();
  return {
    signal: stopping.signal,
    end,
    fail(error) {
      failure ??= error;
      end();
    },
    get failure() {
      return failure;
    },
    [Symbol.dispose]() {
      for (const name of signals) process.off(name, onSignal);
      process.off('disconnect', end);
      // As it was: whoever started this process may have more to say to it.
      process.channel?.ref();
    },
  };
}
