import { dirname, join } from 'node:path/posix';
import { isProgram, type Repository, type RepositoryFile, type Rule } from './rule.ts';
import { lineAt } from './source-text.ts';

interface Import {
  readonly line: number;
  /** A path from the root, or a package. */
  readonly target: string;
}

const IMPORT = /\b(?:from|import)\s*\(?\s*(['"])/g;

/** Imports, re-exports and dynamic imports; type imports bind just as well. */
export function importsOf(file: RepositoryFile): readonly Import[] {
  return Array.from(file.code.matchAll(IMPORT), (match) => {
    const from = match.index + match[0].length;
    const specifier = file.codeAndTexts.slice(from, file.codeAndTexts.indexOf(match[1] ?? "'", from));
    return {
      line: lineAt(file.code, match.index),
      target: specifier.startsWith('.') ? join(dirname(file.path), specifier) : specifier,
    };
  });
}

function findings(
  repository: Repository,
  isWrong: (path: string, target: string) => boolean,
): readonly string[] {
  return repository.files
    .filter((file) => isProgram(file.path))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => isWrong(file.path, target))
        .map(({ line, target }) => `${file.path}:${line}: imports ${target}`),
    );
}

const OURS = /^(services|shared|deploy|test)\//;

/** `services/reader`, `deploy/local`, `shared`, `test`: what may import what is said of these. */
function areaOf(path: string): string {
  return /^(services|deploy)\/[^/]+/.exec(path)?.[0] ?? path.split('/', 1)[0] ?? '';
}

function mayImport(path: string, target: string): boolean {
  const from = areaOf(path);
  const to = areaOf(target);
  if (from === to || to === 'shared') return true;
  if (from === 'test') return true;
  if (from !== 'services/cli') return false;
  return to === 'deploy/local' || /^services\/[^/]+\/(main|run)\.ts$/.test(target);
}

const CLIENTS: readonly (readonly [packages: RegExp, folder: string])[] = [
  [/^kafkajs$/, 'shared/kafka/'],
  [/^(pg|pg-logical-replication)$/, 'shared/postgres/'],
  [/^@(aws-sdk|smithy)\//, 'shared/aws/'],
  [/^@marcbachmann\/cel-js$/, 'shared/expressions/'],
  [/^(@redis\/client|redis|ioredis|iovalkey)$/, 'shared/valkey/'],
];

export const IMPORT_RULES: readonly Rule[] = [
  {
    name: 'imports follow the tree',
    reason:
      'A service imports only itself and shared/, so that it can be read, run and replaced alone; shared/ and deploy/local know no service; only the command line starts them all, through their main.ts or run.ts.',
    check: (repository) =>
      findings(repository, (path, target) => OURS.test(target) && !mayImport(path, target)),
  },
  {
    name: 'clients stay behind their port',
    reason:
      'One folder knows each client library (shared/kafka, shared/postgres, shared/aws, shared/expressions, shared/valkey): its traps are met once, and it can be replaced. Only test/ may look past a port.',
    check: (repository) =>
      findings(
        repository,
        (path, target) =>
          !path.startsWith('test/') &&
          CLIENTS.some(([packages, folder]) => packages.test(target) && !path.startsWith(folder)),
      ),
  },
];
