import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WATCHDOG = fileURLToPath(new URL('watchdog.ts', import.meta.url));

export interface RunFolder {
  readonly path: string;
  /** Stops every local part that was started below it and removes it. */
  end(): Promise<void>;
}

/** One temporary folder for a test run; it ends with this process too, however that dies. */
export async function makeRunFolder(): Promise<RunFolder> {
  const path = mkdtempSync(join(tmpdir(), 'afterglow-test-'));
  chmodSync(path, 0o755);
  const watchdog = spawn(process.execPath, [WATCHDOG, path], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  await once(watchdog, 'spawn');
  watchdog.unref();
  const ended = once(watchdog, 'exit');
  return {
    path,
    end: async () => {
      watchdog.ref();
      watchdog.stdin.end();
      await ended;
    },
  };
}
