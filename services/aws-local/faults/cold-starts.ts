// Names come from outside; with more of them the oldest is forgotten, and starts again.
const ENDPOINTS_MAX = 200;

interface State {
  lastMs: number;
  warmMs: number;
}

/** Which endpoints are warm: one that nobody called for a while has to start again. */
export class ColdStarts {
  readonly #states = new Map<string, State>();

  /** Notes a call; returns how long the endpoint still takes to start, 0 when it is warm. */
  called(
    endpoint: string,
    nowMs: number,
    { latency_ms, idle_ms }: { readonly latency_ms: number; readonly idle_ms: number },
  ): number {
    let state = this.#states.get(endpoint);
    if (state === undefined || nowMs - Math.max(state.lastMs, state.warmMs) >= idle_ms) {
      state = { lastMs: nowMs, warmMs: nowMs + latency_ms };
      this.#states.set(endpoint, state);
      const [oldest] = this.#states.keys();
      if (this.#states.size > ENDPOINTS_MAX && oldest !== undefined) this.#states.delete(oldest);
    }
    state.lastMs = nowMs;
    return Math.max(state.warmMs - nowMs, 0);
  }
}
