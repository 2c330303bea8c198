/** Colours by what they say, so that a screen without colours reads the same. */
export interface Painter {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  warning(text: string): string;
  bad(text: string): string;
  accent(text: string): string;
}

const CODES = { strong: 1, faint: 2, bad: 31, good: 32, warning: 33, accent: 36 } as const;
const CLOSE = { 1: 22, 2: 22, 31: 39, 32: 39, 33: 39, 36: 39 } as const;

export function painter(isColored: boolean): Painter {
  const paint = (code: keyof typeof CLOSE) => (text: string) =>
    isColored ? `\u001B[${code}m${text}\u001B[${CLOSE[code]}m` : text;
  return {
    strong: paint(CODES.strong),
    faint: paint(CODES.faint),
    good: paint(CODES.good),
    warning: paint(CODES.warning),
    bad: paint(CODES.bad),
    accent: paint(CODES.accent),
  };
}
