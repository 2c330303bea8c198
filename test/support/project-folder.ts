import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { deleteData } from '../../deploy/local/delete-data.ts';
import { type LocalFolders, localFolders } from '../../deploy/local/folders.ts';
import { stopStack } from '../../deploy/local/running-stack.ts';

export interface ProjectFolder extends AsyncDisposable {
  readonly path: string;
  readonly folders: LocalFolders;
}

/** The downloads of this checkout, for AFTERGLOW_CACHE of child processes too. */
export const DOWNLOADS = localFolders(fileURLToPath(new URL('../..', import.meta.url))).downloads;

/** An empty folder to run a stack in, with the downloads of this checkout; its end stops what is left running there. */
export function projectFolder(options: { readonly mode?: number } = {}): ProjectFolder {
  const path = mkdtempSync(join(inject('afterglow').folder, 'project-'));
  chmodSync(path, options.mode ?? 0o755);
  const folders = { ...localFolders(path), downloads: DOWNLOADS };
  return {
    path,
    folders,
    [Symbol.asyncDispose]: async () => {
      await stopStack(folders);
      await deleteData(folders);
      rmSync(path, { recursive: true });
    },
  };
}
