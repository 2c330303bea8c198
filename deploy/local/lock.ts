import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from './processes.ts';

// A lock that is taken over cannot be one file: whoever removes a dead holder's file may remove that of the next holder,
// who was a moment faster. So each holder makes a file with the next number, exclusively, and the highest number counts.
// It stays when it is released, marked so, because numbers must never begin again.

export interface Lock {
  release(): void;
}

/** The lock, or who holds it. */
export function takeLock(
  base: string,
  self: ProcessIdentity = ownIdentity(),
  alive: (holder: ProcessIdentity) => boolean = isAlive,
): { readonly lock: Lock } | { readonly holder: ProcessIdentity } {
  for (;;) {
    const newest = generationsOf(base).at(-1) ?? 0;
    const holder = newest === 0 ? 'nobody' : readHolder(base, newest);
    if (holder === 'gone') continue;
    if (holder !== 'nobody' && alive(holder)) return { holder };
    const own = newest + 1;
    if (!createExclusively(base, own, self)) continue;
    if (generationsOf(base).at(-1) !== own) {
      // Several holders came and went since the first look.
      rmSync(`${base}.${own}`, { force: true });
      continue;
    }
    for (const older of generationsOf(base)) if (older < own) rmSync(`${base}.${older}`, { force: true });
    return { lock: { release: () => replace(base, own, { released: true }) } };
  }
}

function generationsOf(base: string): number[] {
  const prefix = `${basename(base)}.`;
  return readdirSync(dirname(base))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((left, right) => left - right);
}

function readHolder(base: string, generation: number): ProcessIdentity | 'nobody' | 'gone' {
  let text: string;
  try {
    text = readFileSync(`${base}.${generation}`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone';
    throw error;
  }
  const content: unknown = JSON.parse(text);
  if (typeof content !== 'object' || content === null || !('pid' in content) || !('start' in content)) {
    return 'nobody';
  }
  return { pid: Number(content.pid), start: String(content.start) };
}

/** Complete from its first moment: written under a name of its own and then linked. */
function createExclusively(base: string, generation: number, self: ProcessIdentity): boolean {
  const draft = `${base}.draft-${self.pid}`;
  writeFileSync(draft, JSON.stringify(self), { mode: 0o600 });
  try {
    linkSync(draft, `${base}.${generation}`);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replace(base: string, generation: number, content: unknown): void {
  const draft = `${base}.draft-${process.pid}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  renameSync(draft, `${base}.${generation}`);
}
