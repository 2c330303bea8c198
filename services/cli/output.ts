import { type Painter, painter } from './view/paint.ts';

export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** JSON leaves these as they are, and a terminal obeys some of them. */
const UNSEEN = /[\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The one place that writes to the terminal: results to standard output, everything about them to standard error. */
export class Output {
  readonly isJson: boolean;
  readonly paint: Painter;
  readonly paintError: Painter;
  readonly #standardOutput: OutputStream;
  readonly #standardError: OutputStream;

  constructor(
    standardOutput: OutputStream,
    standardError: OutputStream,
    options: { readonly json: boolean; readonly color: boolean },
  ) {
    this.#standardOutput = standardOutput;
    this.#standardError = standardError;
    this.isJson = options.json;
    this.paint = painter(options.color && standardOutput.isTTY === true);
    this.paintError = painter(options.color && standardError.isTTY === true);
  }

  get isTerminal(): boolean {
    return this.#standardOutput.isTTY === true;
  }

  /** `afterglow tail fraud | head`: nobody reads any more, so a command that goes on for ever ends. */
  onClosed(end: () => void): void {
    this.#standardOutput.once('error', end);
  }

  /** For what redraws in place. */
  get terminal(): OutputStream {
    return this.#standardOutput;
  }

  /** Undefined without a terminal: then nothing has to be cut. */
  get columns(): number | undefined {
    return this.isTerminal ? (this.#standardOutput.columns ?? 80) : undefined;
  }

  /** Text or bytes as they are, without a line end added. */
  write(content: string | Uint8Array): void {
    this.#standardOutput.write(content);
  }

  line(text = ''): void {
    this.#standardOutput.write(`${text}\n`);
  }

  /** One JSON value on one line. bigint, which JSON does not know, becomes text. */
  json(value: unknown): void {
    const text = JSON.stringify(value, (_name, member) =>
      typeof member === 'bigint' ? String(member) : member,
    );
    this.#standardOutput.write(`${text.replaceAll(UNSEEN, escaped)}\n`);
  }

  /** What is said beside the result: not part of it, so never on standard output. */
  note(text: string): void {
    this.#standardError.write(`${text}\n`);
  }
}
