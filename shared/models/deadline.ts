export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Which of the two ended the call: the clients report either as the same AbortError. */
  stopped(): 'deadline' | 'shutdown' | undefined;
}

/** The caller's signal and a deadline in one signal. */
export function withDeadline(signal: AbortSignal, deadlineMs: number): Deadline {
  const ending = new AbortController();
  let late = false;
  const stop = (): void => ending.abort();
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, deadlineMs);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return {
    signal: ending.signal,
    stopped: () => (late ? 'deadline' : signal.aborted ? 'shutdown' : undefined),
    [Symbol.dispose](): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    },
  };
}
