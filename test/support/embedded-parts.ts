import { join } from 'node:path';
import { startKafka } from '../../deploy/local/kafka.ts';
import { startPostgres } from '../../deploy/local/postgres.ts';
import type { Progress } from '../../deploy/local/progress.ts';
import type { TestParts } from './parts.ts';
import { DOWNLOADS } from './project-folder.ts';

// Nothing of a test run has to survive a power failure.
const FAST = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };

/** Both PostgreSQL and Kafka below the run's folder, which ends them; the downloads are those of the checkout. */
export async function startEmbeddedParts(
  root: string,
  say: (line: string) => void,
): Promise<Pick<TestParts, 'postgres' | 'brokers'>> {
  const folders = { root, downloads: DOWNLOADS, data: join(root, 'data'), logs: join(root, 'logs') };
  const told = new Set<string>();
  const progress: Progress = ({ phase, message }) => {
    if (phase !== 'download' || told.has(message)) return;
    told.add(message);
    say(message);
  };
  const startVersion = async (version: 16 | 18): Promise<string> => {
    const name = `postgres-${version}`;
    return (await startPostgres({ folders, version, name, port: 0, settings: FAST, progress })).url;
  };
  const [[postgres18, postgres16], kafka] = await Promise.all([
    // One after the other: both come out of one download.
    startVersion(18).then(async (url) => [url, await startVersion(16)] as const),
    startKafka({ folders, port: 0, progress }),
  ]);
  return { postgres: { 16: postgres16, 18: postgres18 }, brokers: kafka.brokers };
}
