import { harmless, harmlessLine } from '../terminal/harmless.ts';

/** Where in the definition: ['enrichments', 'fraud', 'input', 3]. */
export type Path = readonly (string | number)[];

/** Something wrong, before it has a line: what rules and checks find. */
export interface Finding {
  readonly path: Path;
  /** Point at the key instead of the value. */
  readonly atKey?: boolean;
  /** For a place inside the value, an expression mostly: characters from its beginning. */
  readonly offset?: number;
  readonly severity?: 'error' | 'warning';
  /** Does not quote the value: it may have come from the environment, and the line is shown anyway. */
  readonly message: string;
  /** What to write instead. */
  readonly instead?: string | undefined;
}

/** Something wrong in a definition file. Also the JSON form. */
export interface Mistake {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly instead?: string;
}

export function hasErrors(mistakes: readonly Mistake[]): boolean {
  return mistakes.some((mistake) => mistake.severity === 'error');
}

/** In the order of the lines, each once. */
export function inOrder(mistakes: readonly Mistake[]): readonly Mistake[] {
  const byPlace = new Map(mistakes.map((mistake) => [`${mistake.path} ${mistake.message}`, mistake]));
  return [...byPlace.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

const RED = '\u001b[31m';
const YELLOW = '\u001b[33m';
const GREEN = '\u001b[32m';
const BOLD = '\u001b[1m';
const PLAIN = '\u001b[0m';

/**
 * As a good compiler prints them: place, the line as written, a caret, what to write instead. The file may be anybody's, so
 * nothing of it reaches the terminal as a command.
 */
export function formatMistakes(
  mistakes: readonly Mistake[],
  text: string,
  options: { color: boolean },
): string {
  const lines = text.split('\n');
  const paint = (style: string, words: string): string =>
    options.color ? `${style}${words}${PLAIN}` : words;
  return mistakes
    .map((mistake) => {
      const style = mistake.severity === 'error' ? RED : YELLOW;
      const place = paint(BOLD, `${harmless(mistake.file)}:${mistake.line}:${mistake.column}`);
      const what = mistake.path === '' ? mistake.message : `${mistake.path}: ${mistake.message}`;
      const printed = [`${place} ${paint(style, mistake.severity)} ${harmless(what)}`];
      const line = lines[mistake.line - 1]?.replace(/\r$/, '');
      if (line !== undefined && line.trim() !== '') {
        const number = String(mistake.line);
        const margin = ' '.repeat(number.length);
        // Tabs stay tabs, so that the caret stands under its place at any tab width.
        const indent = line.slice(0, mistake.column - 1).replaceAll(/[^\t]/g, ' ');
        printed.push(`  ${number} | ${harmlessLine(line)}`, `  ${margin} | ${indent}${paint(style, '^')}`);
      }
      if (mistake.instead !== undefined)
        printed.push(`  ${paint(GREEN, 'write')} ${harmless(mistake.instead)}`);
      return printed.join('\n');
    })
    .join('\n\n');
}
