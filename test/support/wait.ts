import { setTimeout as wait } from 'node:timers/promises';

export interface Until {
  readonly deadlineMs: number;
  /** Completes "gave up waiting for …". */
  readonly what: string;
  readonly everyMs?: number;
}

/** Asks again and again until the answer is neither false nor null nor undefined, and returns it. */
export async function until<Answer>(
  condition: () => Answer | Promise<Answer>,
  { deadlineMs, what, everyMs = 25 }: Until,
): Promise<Exclude<Answer, false | null | undefined>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== null && answer !== undefined) {
      return answer as Exclude<Answer, false | null | undefined>;
    }
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what} after ${deadlineMs} ms`);
    await wait(everyMs);
  }
}
