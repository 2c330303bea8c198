import { rm } from 'node:fs/promises';
import type { LocalFolders } from './folders.ts';
import { reachableFolder, serverUser } from './server-user.ts';

/** For `--fresh` and `--delete-data`; nothing may run there. Downloads stay. */
export async function deleteData(folders: LocalFolders): Promise<void> {
  for (const folder of new Set([folders.data, reachableFolder(folders.data, serverUser())])) {
    await rm(folder, { recursive: true, force: true });
  }
}
