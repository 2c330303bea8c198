import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where the local parts live. Data and logs belong to one checkout; downloads may be shared by several. */
export interface LocalFolders {
  readonly root: string;
  readonly downloads: string;
  readonly data: string;
  readonly logs: string;
}

/** `.afterglow/` below the project; AFTERGLOW_CACHE names another place for the downloads. */
export function localFolders(
  projectFolder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LocalFolders {
  const root = join(resolve(projectFolder), '.afterglow');
  const cache = environment.AFTERGLOW_CACHE;
  return {
    root,
    downloads: cache === undefined || cache === '' ? join(root, 'downloads') : resolve(cache),
    data: join(root, 'data'),
    logs: join(root, 'logs'),
  };
}

/** Makes the folder and its parents; what is made here can be passed through by other users, whatever the umask is. */
export function makeFolder(folder: string): void {
  const topmostMade = mkdirSync(folder, { recursive: true });
  if (topmostMade === undefined) return;
  for (let made = folder; made.length >= topmostMade.length; made = dirname(made)) chmodSync(made, 0o755);
}
