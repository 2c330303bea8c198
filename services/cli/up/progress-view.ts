import type { Progress, ProgressEvent } from '../../../deploy/local/progress.ts';
import type { Output } from '../output.ts';
import { formatBytes } from '../view/numbers.ts';
import { cutTo } from '../view/width.ts';

/** Without a terminal a running download is told this often. */
const TOLD_EVERY_MS = 5_000;

/** Draws what the parts are doing while they start: one line for each on a terminal, redrawn; else a line for each step. */
export class ProgressView implements Disposable {
  readonly #output: Output;
  readonly #current = new Map<string, ProgressEvent>();
  readonly #toldAtMs = new Map<string, number>();
  #drawnLines = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  readonly report: Progress = (event) => {
    const previous = this.#current.get(event.part);
    this.#current.set(event.part, event);
    const isNews =
      previous === undefined || previous.phase !== event.phase || previous.message !== event.message;
    if (this.#output.isJson) {
      if (isNews || this.#isDue(event)) this.#output.json({ event: 'progress', ...event });
    } else if (this.#output.isTerminal) {
      if (event.phase === 'port' || event.phase === 'clean' || event.phase === 'place')
        this.say(event.message);
      this.#draw();
    } else if (isNews || this.#isDue(event)) {
      this.#output.line(describe(event));
    }
  };

  /** A line that stays, above what is redrawn. */
  say(text: string): void {
    if (this.#output.isJson) {
      this.#output.json({ event: 'note', message: text });
      return;
    }
    this.#erase();
    this.#output.line(`  ${text}`);
    if (this.#output.isTerminal) this.#draw();
  }

  [Symbol.dispose](): void {
    if (this.#output.isTerminal) this.#erase();
  }

  #isDue({ part, phase }: ProgressEvent): boolean {
    if (phase !== 'download') return false;
    const nowMs = performance.now();
    if (nowMs - (this.#toldAtMs.get(part) ?? Number.NEGATIVE_INFINITY) < TOLD_EVERY_MS) return false;
    this.#toldAtMs.set(part, nowMs);
    return true;
  }

  #draw(): void {
    this.#erase();
    const columns = this.#output.columns ?? 80;
    const lines = [...this.#current.values()].map((event) =>
      this.#output.paint.faint(cutTo(`  ${describe(event)}`, columns - 1)),
    );
    this.#output.write(lines.map((line) => `${line}\n`).join(''));
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#output.write(`\u001B[${this.#drawnLines}A\u001B[J`);
    this.#drawnLines = 0;
  }
}

function describe({ message, bytes, bytesTotal }: ProgressEvent): string {
  if (bytes === undefined || bytesTotal === undefined || bytesTotal === 0) return message;
  const share = Math.min(100, Math.floor((100 * bytes) / bytesTotal));
  return `${message}: ${formatBytes(bytes)}, ${share} %`;
}
