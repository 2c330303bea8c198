import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { lineAt, readSource, type SourceText } from './source-text.ts';

export interface RepositoryFile extends SourceText {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly content: string;
}

export interface Repository {
  readonly files: readonly RepositoryFile[];
  /** Lines of the files that were long already when the rule came. */
  readonly recordedLines: Readonly<Record<string, number>>;
}

/** What a machine can hold of the design; the reason is told to whoever breaks it. */
export interface Rule {
  readonly name: string;
  readonly reason: string;
  /** One line for each violation, beginning with the place. */
  check(repository: Repository): readonly string[];
}

const FOLDERS = ['services', 'shared', 'deploy', 'test', 'docs', '.ci'];
const TOP_LEVEL = /^[^/]+\.(ts|js|json|ya?ml|md)$/;
const TEXT = /\.(ts|js|json|sql|ya?ml|md|html|css|sh|xml)$|\/(Dockerfile|run)$/;
const RESULTS = 'test/bench/results/';

export async function readRepository(root: string): Promise<Repository> {
  const patterns = ['*', ...FOLDERS.map((folder) => `${folder}/**/*`)];
  const files: RepositoryFile[] = [];
  for await (const entry of glob(patterns, { cwd: root, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(root.length).replace(/^\/+/, '');
    const wanted = path.includes('/') ? TEXT.test(path) && !path.startsWith(RESULTS) : TOP_LEVEL.test(path);
    if (wanted) files.push(repositoryFile(path, readFileSync(join(root, path), 'utf8')));
  }
  const recorded: unknown = JSON.parse(
    readFileSync(join(root, 'test/repository/recorded-lines.json'), 'utf8'),
  );
  return {
    files: files.sort((one, other) => (one.path < other.path ? -1 : 1)),
    recordedLines: lineCounts(recorded),
  };
}

export function repositoryFile(path: string, content: string): RepositoryFile {
  const plain = { code: '', comments: '', codeAndTexts: '' };
  return { path, content, ...(isProgram(path) ? readSource(content) : plain) };
}

export const isProgram = (path: string): boolean => /\.(ts|js)$/.test(path);
export const isTest = (path: string): boolean => path.startsWith('test/') || path.endsWith('.test.ts');

/** Where `pattern` (global) occurs in one view of a file. */
export function occurrences(
  file: RepositoryFile,
  view: 'code' | 'comments' | 'codeAndTexts' | 'content',
  pattern: RegExp,
): readonly string[] {
  const text = file[view];
  return Array.from(
    text.matchAll(pattern),
    (match) => `${file.path}:${lineAt(text, match.index)}: ${match[0].trim()}`,
  );
}

function lineCounts(recorded: unknown): Readonly<Record<string, number>> {
  if (typeof recorded !== 'object' || recorded === null)
    throw new TypeError('recorded-lines.json is not an object');
  const counts: Record<string, number> = {};
  for (const [path, lines] of Object.entries(recorded)) counts[path] = Number(lines);
  return counts;
}
