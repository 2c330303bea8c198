import { pause } from '../../../shared/lifecycle/run-service.ts';

/** Rows are sent this often; each send carries what is due by then. */
const TICK_MS = 4;

export interface Pace {
  readonly rowsPerSecond: number;
  readonly seconds: number;
}

/** Sends the rows from `from` on as the pace wants them; a machine that cannot keep up gets more of them at once. */
export async function sendAtPace(
  { rowsPerSecond, seconds }: Pace,
  from: number,
  send: (from: number, to: number) => Promise<void>,
): Promise<number> {
  const rows = from + Math.round(seconds * rowsPerSecond);
  const startedAtMs = performance.now();
  const never = new AbortController().signal;
  for (let sent = from; sent < rows; ) {
    const passedMs = performance.now() - startedAtMs;
    const due = Math.min(rows, from + Math.ceil((passedMs * rowsPerSecond) / 1_000));
    if (due > sent) await send(sent, due);
    sent = Math.max(sent, due);
    await pause(TICK_MS, never);
  }
  return rows;
}
