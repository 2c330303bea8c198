// How wide text is on a terminal; nothing here may be wider than it was counted.

const WIDE =
  /\p{Emoji_Presentation}|\p{Regional_Indicator}|[\u1100-\u115F\u2329\u232A\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]|[\u{17000}-\u{18D08}\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}]|\uFE0F/u;
const MARK = /^\p{M}+$/u;
const ELLIPSIS = '…';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns a terminal needs for text that is harmless already. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

function widthOfGrapheme(grapheme: string): number {
  if (MARK.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Exactly `columns` wide: cut with an ellipsis, or filled with spaces. */
export function fitTo(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutTo(text, columns);
  const padding = ' '.repeat(Math.max(0, columns - widthOf(cut)));
  return align === 'left' ? cut + padding : padding + cut;
}

/** At most `columns` wide. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  let cut = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = width + widthOfGrapheme(segment);
    if (next > columns - 1) break;
    cut += segment;
    width = next;
  }
  return cut + ELLIPSIS;
}
