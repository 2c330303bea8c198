import { importsOf } from './import-rules.ts';
import { isProgram, isTest, occurrences, type Rule } from './rule.ts';

const BUCKETS = /^(utils?|common|helpers?|lib|misc)$/i;
const WAITING_PLACES = new Set(['test/support/wait.ts']);
/** Excludes our schemas from those offered to users; it asks about names and builds none. */
const MAY_NAME_THE_SCHEMA = new Set(['shared/postgres/catalog.ts']);

export const CONTENT_RULES: readonly Rule[] = [
  {
    name: 'no any',
    reason: 'any switches the type checker off for everything it touches: use unknown and look.',
    check: ({ files }) =>
      files.flatMap((file) =>
        occurrences(file, 'code', /(?:[:<,|&(=]|\bas|\bextends|=>)\s*any\b(?!\s*[(:.=?])|\bz\.any\(/g),
      ),
  },
  {
    name: 'no console',
    reason:
      'Logs go through pino (shared/telemetry) and results to standard output, so that both can be read by machines.',
    check: ({ files }) => files.flatMap((file) => occurrences(file, 'code', /\bconsole\s*\.\s*\w+/g)),
  },
  {
    name: 'no sleeps in tests',
    reason:
      'A sleep is too long on a fast machine and too short on a slow one: wait for what the test is about, with until() of test/support/wait.ts.',
    check: ({ files }) =>
      files
        .filter((file) => isTest(file.path) && !WAITING_PLACES.has(file.path))
        .flatMap((file) => [
          ...occurrences(file, 'code', /(?<![.\w])setTimeout\s*\(/g),
          ...importsOf(file)
            .filter(({ target }) => /^(node:)?timers\/promises$/.test(target))
            .map(({ line, target }) => `${file.path}:${line}: imports ${target}`),
        ]),
  },
  {
    name: 'no bucket names',
    reason: 'utils, common, helpers, lib and misc say nothing of what is inside: name the noun.',
    check: ({ files }) =>
      files
        .filter((file) => file.path.split('/').some((part) => BUCKETS.test(part.split('.', 1)[0] ?? '')))
        .map((file) => `${file.path}: a bucket`),
  },
  {
    name: 'side tables are named in one place',
    reason:
      'shared/side-tables owns names and DDL: a name spelled elsewhere is missed when it changes. SQL files and tests may, and prose that only tells of the schema.',
    check: ({ files }) =>
      files
        .filter((file) => isProgram(file.path) && !isTest(file.path))
        .filter((file) => !file.path.startsWith('shared/side-tables/') && !MAY_NAME_THE_SCHEMA.has(file.path))
        .flatMap((file) =>
          occurrences(
            file,
            'codeAndTexts',
            /\bafterglow_internal(?=\.[\w"$]|['"`])|(?<![\w./-])afterglow\.\$\{/g,
          ),
        ),
  },
  {
    name: 'nothing is left to be done in comments',
    reason: 'What is not done belongs into an issue, where somebody looks for it.',
    check: ({ files }) =>
      files.flatMap((file) =>
        occurrences(file, isProgram(file.path) ? 'comments' : 'content', /\b(?:TO[D]O|FIX[M]E|XX[X])\b/g),
      ),
  },
  {
    name: 'every test file asserts something',
    reason: 'A test without an expectation passes whatever happens.',
    check: ({ files }) =>
      files
        .filter(
          (file) =>
            file.path.endsWith('.test.ts') && !/\b(?:expect|assert|expectTypeOf)\b\s*[.(]/.test(file.code),
        )
        .map((file) => `${file.path}: neither expect nor assert`),
  },
];
