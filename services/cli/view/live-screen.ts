import type { OutputStream } from '../output.ts';

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
/** Terminals that know it show a frame only when it is complete; the others ignore it. */
const FRAME_BEGIN = '\u001B[?2026h';
const FRAME_END = '\u001B[?2026l';
/** A line that is longer than we counted is cut off instead of breaking the frame. */
const NO_WRAP = '\u001B[?7l';
const WRAP = '\u001B[?7h';
const CLEAR_LINE_END = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

type Terminal = OutputStream & { readonly rows?: number };

/** Redraws some lines in place, below whatever was printed before. The cursor is given back however the process ends. */
export class LiveScreen implements Disposable {
  readonly #terminal: Terminal;
  readonly #restore = (): void => void this.#terminal.write(`${WRAP}${SHOW_CURSOR}`);
  readonly #onResize = (): void => {
    // The terminal has wrapped the old lines anew, so that nobody knows how many there are: begin on an empty screen.
    this.#terminal.write('\u001B[H\u001B[2J');
    this.#drawn = 0;
  };
  #drawn = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#terminal.write(HIDE_CURSOR);
    process.once('exit', this.#restore);
    this.#terminal.on('resize', this.#onResize);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    // The last column stays free: clearing what is right of a full line would take its last character.
    return { columns: (this.#terminal.columns ?? 80) - 1, rows: this.#terminal.rows ?? 24 };
  }

  draw(lines: readonly string[]): void {
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A\r` : '\r';
    const body = lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('');
    this.#terminal.write(`${FRAME_BEGIN}${NO_WRAP}${up}${body}${CLEAR_BELOW}${WRAP}${FRAME_END}`);
    this.#drawn = lines.length;
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#restore);
    this.#terminal.off('resize', this.#onResize);
    this.#restore();
  }
}
