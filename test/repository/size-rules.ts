import { isProgram, type Rule } from './rule.ts';

const MAIN_LINES_MAX = 80;
const NEW_FILE_LINES_MAX = 300;

export const linesOf = (content: string): number =>
  content.split('\n').length - (content.endsWith('\n') ? 1 : 0);

export const SIZE_RULES: readonly Rule[] = [
  {
    name: 'main.ts stays small',
    reason: `A main.ts parses, wires and loops, in at most ${MAIN_LINES_MAX} lines: whoever reads the three of them knows the product.`,
    check: ({ files }) =>
      files
        .filter((file) => /(^|\/)main\.ts$/.test(file.path) && linesOf(file.content) > MAIN_LINES_MAX)
        .map((file) => `${file.path}: ${linesOf(file.content)} lines`),
  },
  {
    name: 'files do not grow',
    reason: `A file is read in one sitting: at most ${NEW_FILE_LINES_MAX} lines, and those listed in test/repository/recorded-lines.json may shrink but not grow. Split it by its nouns rather than raising a number.`,
    check: ({ files, recordedLines }) =>
      files
        .filter((file) => isProgram(file.path))
        .flatMap((file) => {
          const lines = linesOf(file.content);
          const most = recordedLines[file.path] ?? NEW_FILE_LINES_MAX;
          return lines > most ? [`${file.path}: ${lines} lines, at most ${most}`] : [];
        }),
  },
  {
    name: 'the list of long files is up to date',
    reason: 'An entry for a file that is gone would let a new one of that name be long.',
    check: ({ files, recordedLines }) => {
      const present = new Set(files.map((file) => file.path));
      return Object.keys(recordedLines)
        .filter((path) => !present.has(path))
        .map((path) => `test/repository/recorded-lines.json: ${path} is gone`);
    },
  },
];
