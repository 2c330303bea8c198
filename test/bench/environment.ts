import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

export interface Environment {
  readonly cpu_model: string;
  readonly cpu_cores: number;
  readonly memory_gib: number;
  readonly platform: string;
  readonly node_version: string;
  /** With `+` when something was not committed; null outside of a checkout. */
  readonly git_commit: string | null;
}

export function readEnvironment(): Environment {
  return {
    cpu_model: cpus()[0]?.model.trim() ?? 'unknown',
    cpu_cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()}-${arch()}`,
    node_version: process.version,
    git_commit: readCommit(),
  };
}

function readCommit(): string | null {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
  } catch {
    return null;
  }
}
