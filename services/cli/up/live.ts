import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { Invocation } from '../invocation.ts';
import type { Collector } from '../view/collector.ts';
import { LiveScreen } from '../view/live-screen.ts';
import { statusJson, statusLine } from '../view/plain-lines.ts';
import { render } from '../view/render.ts';

const EVERY_MS = 1_000;

/** Shows what the collector finds, once a second, until `signal` aborts. The last reading is taken after that. */
export async function showLive(
  invocation: Invocation,
  collector: Collector,
  signal: AbortSignal,
): Promise<void> {
  const { output } = invocation;
  using screen = output.isTerminal && !output.isJson ? new LiveScreen(output.terminal) : undefined;
  let notice: string | undefined;
  let dueMs = performance.now();
  while (!signal.aborted) {
    const snapshot = await collector.collect();
    if (screen !== undefined) screen.draw(render(snapshot, screen.size, output.paint));
    else if (output.isJson) output.json(statusJson(snapshot));
    else {
      if (snapshot.notice !== undefined && snapshot.notice !== notice)
        output.line(`note: ${snapshot.notice}`);
      notice = snapshot.notice;
      output.line(statusLine(snapshot));
    }
    dueMs = Math.max(dueMs + EVERY_MS, performance.now());
    await pause(dueMs - performance.now(), signal);
  }
}
