import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AfterglowError } from '../../shared/errors/catalogue.ts';
import type { ServerUser } from './processes.ts';

const NOBODY: ServerUser = { name: 'nobody', uid: 65_534, gid: 65_534 };

/** PostgreSQL refuses to run as root, so root starts it as somebody else. Undefined: as who we are. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = parseUsers(readFileSync('/etc/passwd', 'utf8'));
  return users.get('postgres') ?? users.get('nobody') ?? NOBODY;
}

/** initdb looks up the name of who runs it, and a container is easily started as a number that has none. */
export function requireNamedUser(lookUp: () => unknown = userInfo): void {
  try {
    lookUp();
  } catch (cause) {
    throw new AfterglowError(
      'postgres_start_failed',
      `The user with the number ${process.getuid?.()} has no name on this system, and PostgreSQL makes no data folder for it.`,
      {
        cause,
        remedy:
          'Start as a user that stands in /etc/passwd, or as root; or set DATABASE_URL to a PostgreSQL of your own.',
      },
    );
  }
}

/** Users by name, from the text of /etc/passwd; never root. */
export function parseUsers(text: string): ReadonlyMap<string, ServerUser> {
  const users = new Map<string, ServerUser>();
  for (const line of text.split('\n')) {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    if (/^[1-9]\d*$/.test(uid) && /^\d+$/.test(gid))
      users.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return users;
}

export function maySearch(folder: Pick<Stats, 'mode' | 'uid' | 'gid'>, user: ServerUser): boolean {
  if (folder.uid === user.uid) return (folder.mode & 0o100) !== 0;
  if (folder.gid === user.gid) return (folder.mode & 0o010) !== 0;
  return (folder.mode & 0o001) !== 0;
}

/** Whether that user can get to everything below the folder; what is not there yet will be made so that they can. */
export function isReachable(folder: string, user: ServerUser): boolean {
  for (let current = resolve(folder); ; current = dirname(current)) {
    const stats = statSync(current, { throwIfNoEntry: false });
    if (stats !== undefined && !maySearch(stats, user)) return false;
    if (current === dirname(current)) return true;
  }
}

/**
 * The folder itself, or, where the server's user cannot get to it (below a root-only home), always the same one below
 * the system's temporary folder.
 */
export function reachableFolder(folder: string, user: ServerUser | undefined): string {
  if (user === undefined || isReachable(folder, user)) return folder;
  const name = `afterglow-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 12)}`;
  const temporary = [tmpdir(), '/tmp', '/var/tmp'].find((candidate) => isReachable(candidate, user));
  if (temporary === undefined) {
    throw new AfterglowError('postgres_start_failed', `The user ${user.name} can reach no folder here.`, {
      remedy: 'Start as an ordinary user instead of root, or from a folder that every user may enter.',
    });
  }
  const fallback = join(temporary, name);
  mkdirSync(fallback, { recursive: true });
  const stats = lstatSync(fallback);
  // Somebody else may have made this name first, to have us run their files.
  if (!stats.isDirectory() || stats.uid !== 0 || (stats.mode & 0o022) !== 0) {
    throw new AfterglowError('postgres_start_failed', `${fallback} is not a folder of root alone.`, {
      remedy: `Remove ${fallback}, then start again.`,
    });
  }
  chmodSync(fallback, 0o755); // Whatever the umask is.
  return fallback;
}
