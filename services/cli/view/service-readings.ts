import { type MetricSample, parseMetrics } from './metrics-text.ts';

/** What one service says of itself at one moment. */
export interface ServiceReading {
  readonly isReady: boolean;
  /** What it waits for, by name; empty when it is ready. */
  readonly missing: Readonly<Record<string, string>>;
  readonly samples: readonly MetricSample[];
}

/** It answers from memory: longer than this means that it does not answer. */
const ANSWER_MAX_MS = 900;

/** Undefined when nothing answers there. */
export async function readService(port: number, readyPath = '/readyz'): Promise<ServiceReading | undefined> {
  const signal = AbortSignal.timeout(ANSWER_MAX_MS);
  const base = `http://127.0.0.1:${port}`;
  try {
    const [ready, metrics] = await Promise.all([
      fetch(`${base}${readyPath}`, { signal }).then(async (answer) => ({
        ok: answer.ok,
        text: await answer.text(),
      })),
      fetch(`${base}/metrics`, { signal }).then(async (answer) => (answer.ok ? await answer.text() : '')),
    ]);
    return { isReady: ready.ok, missing: missingIn(ready.text), samples: parseMetrics(metrics) };
  } catch {
    return undefined; // not up yet, on its way down, or hanging: to the viewer the same
  }
}

function missingIn(text: string): Readonly<Record<string, string>> {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return {};
  }
  const missing = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'missing') : undefined;
  if (typeof missing !== 'object' || missing === null) return {};
  return Object.fromEntries(Object.entries(missing).map(([name, reason]) => [name, String(reason)]));
}
