import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localFolders } from '../../deploy/local/folders.ts';
import { startKafka } from '../../deploy/local/kafka.ts';
import { startPostgres } from '../../deploy/local/postgres.ts';
import type { Progress } from '../../deploy/local/progress.ts';
import type { StartedTestParts } from './global-setup.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const WATCHDOG = fileURLToPath(new URL('watchdog.ts', import.meta.url));

// Nothing of a test run has to survive a power failure.
const FAST = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };

/** Both PostgreSQL and Kafka in a folder of this run alone; the downloads are those of the checkout. */
export async function startEmbeddedParts(say: (line: string) => void): Promise<StartedTestParts> {
  const root = mkdtempSync(join(tmpdir(), 'afterglow-test-'));
  chmodSync(root, 0o755);
  const folders = { ...localFolders(PROJECT), root, data: join(root, 'data'), logs: join(root, 'logs') };
  const watchdog = await startWatchdog(folders.root);
  const told = new Set<string>();
  const progress: Progress = ({ phase, message }) => {
    if (phase !== 'download' || told.has(message)) return;
    told.add(message);
    say(message);
  };
  try {
    const [postgres18, kafka] = await Promise.all([
      startPostgres({ folders, version: 18, name: 'postgres-18', port: 0, settings: FAST, progress }),
      startKafka({ folders, port: 0, progress }),
    ]);
    const postgres16 = await startPostgres({
      folders,
      version: 16,
      name: 'postgres-16',
      port: 0,
      settings: FAST,
      progress,
    });
    return {
      parts: {
        kind: 'embedded',
        postgres: { 16: postgres16.url, 18: postgres18.url },
        brokers: kafka.brokers,
      },
      stop: watchdog.end,
    };
  } catch (error) {
    await watchdog.end();
    throw error;
  }
}

/** Stops the parts and removes the folder when this process tells it to or is no more, even by kill -9. */
async function startWatchdog(root: string): Promise<{ end(): Promise<void> }> {
  const child = spawn(process.execPath, [WATCHDOG, root], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  await once(child, 'spawn');
  child.unref();
  const ended = once(child, 'exit');
  return {
    end: async () => {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}
