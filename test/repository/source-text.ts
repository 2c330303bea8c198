// Tells code, comments and texts of a TypeScript file apart, well enough for rules; the linter parses in earnest.

export interface SourceText {
  /** As long as the file: comments and the insides of texts are blank, line ends stay. */
  readonly code: string;
  /** As long as the file: only comments are left. */
  readonly comments: string;
  /** As long as the file: comments are blank, texts are not. */
  readonly codeAndTexts: string;
}

type Kind = 'code' | 'comment' | 'text';

export function readSource(source: string): SourceText {
  const kinds = classify(source);
  const only = (wanted: readonly Kind[]): string =>
    Array.from(kinds, (kind, index) => {
      const character = source[index] ?? '';
      return character === '\n' || wanted.includes(kind) ? character : ' ';
    }).join('');
  return { code: only(['code']), comments: only(['comment']), codeAndTexts: only(['code', 'text']) };
}

export function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}

/** One kind for each UTF-16 unit. Quotes count as code, so that an import's place can be seen with its name blanked. */
function classify(source: string): readonly Kind[] {
  const kinds = new Array<Kind>(source.length).fill('code');
  const mark = (from: number, to: number, kind: Kind): number => {
    kinds.fill(kind, from, to);
    return to;
  };
  // Brace depths at which a template's ${ } began, innermost last.
  const templates: number[] = [];
  let depth = 0;
  let place = 0;
  while (place < source.length) {
    const rest = source.slice(place, place + 2);
    const character = source[place] ?? '';
    if (rest === '//') place = mark(place, endOf(source, '\n', place), 'comment');
    else if (rest === '/*') place = mark(place, endOf(source, '*/', place + 2) + 2, 'comment');
    else if (character === "'" || character === '"') {
      const end = endOfText(source, character, place + 1);
      place = mark(place + 1, end, 'text') + 1;
    } else if (character === '/' && startsRegularExpression(source, place)) {
      const end = endOfRegularExpression(source, place + 1);
      place = mark(place + 1, end, 'text') + 1;
    } else if (character === '`' || (character === '}' && templates.at(-1) === depth)) {
      if (character === '}') templates.pop();
      const end = endOfTemplatePart(source, place + 1);
      mark(place + 1, end, 'text');
      if (source[end] === '$') {
        templates.push(depth);
        place = end + 2;
      } else place = end + 1;
    } else {
      if (character === '{') depth += 1;
      if (character === '}') depth -= 1;
      place += 1;
    }
  }
  return kinds;
}

function endOf(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found === -1 ? source.length : found;
}

function endOfText(source: string, quote: string, from: number): number {
  let place = from;
  while (place < source.length && source[place] !== quote && source[place] !== '\n') {
    place += source[place] === '\\' ? 2 : 1;
  }
  return place;
}

function endOfTemplatePart(source: string, from: number): number {
  let place = from;
  while (place < source.length && source[place] !== '`' && source.slice(place, place + 2) !== '${') {
    place += source[place] === '\\' ? 2 : 1;
  }
  return place;
}

/** After a value a slash divides; anywhere else it opens a regular expression. */
function startsRegularExpression(source: string, place: number): boolean {
  const before = source.slice(Math.max(0, place - 40), place).trimEnd();
  return (
    before === '' || /[(,=:[!&|?{};+\-*%<>~^]$|\b(return|case|typeof|of|in|do|else|await|yield)$/.test(before)
  );
}

function endOfRegularExpression(source: string, from: number): number {
  let inClass = false;
  let place = from;
  for (; place < source.length && source[place] !== '\n'; place += 1) {
    const character = source[place];
    if (character === '\\') place += 1;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '/' && !inClass) break;
  }
  return place;
}
