import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localFolders } from '../../../deploy/local/folders.ts';
import { startKafka } from '../../../deploy/local/kafka.ts';
import { startPostgres } from '../../../deploy/local/postgres.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../../shared/kafka/admin.ts';
import { createKafka } from '../../../shared/kafka/connect.ts';
import { kafkaErrorType } from '../../../shared/kafka/error-type.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { makeRunFolder } from '../../support/run-folder.ts';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
export const DOWNLOADS = localFolders(REPOSITORY).downloads;

/** The disk is left out: it would measure the machine. A commit still waits for its flush, as it does in earnest. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
};

/** PostgreSQL and Kafka of the benchmark's own, below a temporary folder that ends with this process. */
export interface Parts {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly kafka: KafkaAdmin;
  /** Without asking for a group, as the port does: that costs the broker more. */
  countRecords(topic: string): Promise<number>;
  /** Where the programs of the embedded PostgreSQL are. */
  readonly postgresPrograms: string;
  /** Of the servers; PostgreSQL's has a child for every connection. */
  readonly pids: Readonly<Record<'postgres' | 'kafka', number>>;
  end(): Promise<void>;
}

/** `settings` of PostgreSQL over the ones here. */
export async function startParts(settings: Readonly<Record<string, string>> = {}): Promise<Parts> {
  const { path: folder, end: endFolder } = await makeRunFolder();
  const folders = {
    root: folder,
    downloads: DOWNLOADS,
    data: join(folder, 'data'),
    logs: join(folder, 'logs'),
  };
  const progress = ({ phase, message }: { readonly phase: string; readonly message: string }): void => {
    if (phase !== 'download') process.stdout.write(`${message}\n`);
  };
  try {
    const [postgres, broker] = await Promise.all([
      startPostgres({ folders, version: 18, port: 0, settings: { ...SETTINGS, ...settings }, progress }),
      startKafka({ folders, port: 0, progress }),
    ]);
    const client = {
      brokers: [broker.brokers],
      clientId: 'bench',
      logger: createLogger('bench', 'silent'),
    };
    const kafka = await connectKafkaAdmin(client);
    const counting = createKafka(client).admin();
    await counting.connect();
    return {
      folder,
      databaseUrl: postgres.url,
      brokers: broker.brokers,
      kafka,
      countRecords: async (topic) => {
        const partitions = await counting.fetchTopicOffsets(topic).catch((error: unknown) => {
          // A topic that was just made has nobody yet who could have taken a record.
          if (kafkaErrorType(error) === 'NOT_LEADER_FOR_PARTITION') return [];
          throw error;
        });
        return partitions.reduce((sum, { high }) => sum + Number(high), 0);
      },
      postgresPrograms: dirname(postgres.psql),
      pids: { postgres: postgres.identity.pid, kafka: broker.identity.pid },
      end: async () => {
        await Promise.all([kafka.close(), counting.disconnect()]);
        await endFolder();
      },
    };
  } catch (error) {
    await endFolder();
    throw error;
  }
}
