import { existsSync } from 'node:fs';
import { deleteData } from '../../../deploy/local/delete-data.ts';
import type { LocalFolders } from '../../../deploy/local/folders.ts';
import { claimStack } from '../../../deploy/local/running-stack.ts';

/** Deletes the embedded parts' data while nothing runs on it, and nothing can start. False: there was none. */
export async function deleteUnclaimedData(folders: LocalFolders): Promise<boolean> {
  const claim = await claimStack(folders);
  try {
    return await deleteClaimedData(folders);
  } finally {
    claim.release();
  }
}

/** The caller holds the claim. */
export async function deleteClaimedData(folders: LocalFolders): Promise<boolean> {
  const isPresent = existsSync(folders.data);
  await deleteData(folders);
  return isPresent;
}
