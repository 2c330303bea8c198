import { accessSync, chmodSync, constants, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AfterglowError } from '../../shared/errors/catalogue.ts';

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

const NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'];

/** Makes the folder and its parents; what is made here can be passed through by other users, whatever the umask is. */
export function makeFolder(folder: string): void {
  try {
    const topmostMade = mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (topmostMade === undefined) return;
    for (let made = folder; made.length >= topmostMade.length; made = dirname(made)) chmodSync(made, 0o755);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === undefined || !NOT_WRITABLE.includes(String(code))) throw error;
    throw new AfterglowError('folder_not_writable', `${folder} cannot be written by this user.`, {
      cause: error,
    });
  }
}
