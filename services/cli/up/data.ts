import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { LocalFolders } from '../../../deploy/local/folders.ts';
import { claimStack } from '../../../deploy/local/running-stack.ts';
import { reachableFolder, serverUser } from '../../../deploy/local/server-user.ts';

/** Where the embedded parts keep their data: PostgreSQL's may have had to go elsewhere. */
export function dataFolders(folders: LocalFolders): readonly string[] {
  return [...new Set([folders.data, reachableFolder(folders.data, serverUser())])].filter((folder) =>
    existsSync(folder),
  );
}

/** Deletes the data of the embedded parts while nothing runs on it, and nothing can start. Returns what was deleted. */
export async function deleteData(folders: LocalFolders): Promise<readonly string[]> {
  const claim = await claimStack(folders);
  try {
    return await deleteClaimedData(folders);
  } finally {
    claim.release();
  }
}

/** The caller holds the claim. */
export async function deleteClaimedData(folders: LocalFolders): Promise<readonly string[]> {
  const present = dataFolders(folders);
  for (const folder of present) await rm(folder, { recursive: true, force: true });
  return present;
}
