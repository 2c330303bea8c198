/** Work that goes on beside, until its disposal. */
export function inBackground(work: (ended: AbortSignal) => Promise<void>): AsyncDisposable {
  const ending = new AbortController();
  const ended = work(ending.signal);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await ended;
    },
  };
}
