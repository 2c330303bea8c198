import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LocalFolders } from '../../../deploy/local/folders.ts';
import { type Kafka, startKafka } from '../../../deploy/local/kafka.ts';
import { type Postgres, startPostgres } from '../../../deploy/local/postgres.ts';
import type { ProcessIdentity } from '../../../deploy/local/processes.ts';
import type { Progress } from '../../../deploy/local/progress.ts';
import type { StackClaim } from '../../../deploy/local/running-stack.ts';
import { describeDatabase } from '../../../shared/postgres/connect.ts';
import type { UpPlan } from './plan.ts';

export interface EmbeddedParts {
  /** Undefined: theirs is used. */
  readonly postgres: Postgres | undefined;
  readonly kafka: Kafka | undefined;
}

/** Starts what the plan says is embedded, both at once. When one fails the other is stopped again before this rejects. */
export async function startEmbeddedParts(
  plan: UpPlan,
  folders: LocalFolders,
  claim: StackClaim,
  progress: Progress,
  stopping: AbortSignal,
): Promise<EmbeddedParts> {
  const failed = new AbortController();
  const signal = AbortSignal.any([stopping, failed.signal]);
  const kafkaName = kafkaDataName(plan);
  // Recorded before it answers, so that it can be stopped even when this process is killed meanwhile.
  const record = (kind: 'postgres' | 'kafka', name: string) => (identity: ProcessIdentity) =>
    claim.addProcess({ ...identity, name: kind, kind, log: join(folders.logs, `${name}.log`) });
  const attempt = async <Part>(start: Promise<Part> | undefined): Promise<Part | undefined> => {
    try {
      return await start;
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const results = await Promise.allSettled([
    attempt(
      plan.database.owner === 'yours'
        ? undefined
        : startPostgres({
            folders,
            version: plan.postgresVersion,
            progress,
            signal,
            onSpawn: record('postgres', 'postgres'),
          }),
    ),
    attempt(
      plan.kafka.owner === 'yours'
        ? undefined
        : startKafka({ folders, name: kafkaName, progress, signal, onSpawn: record('kafka', kafkaName) }),
    ),
  ]);
  const [postgres, kafka] = results;
  if (postgres.status === 'fulfilled' && kafka.status === 'fulfilled') {
    return { postgres: postgres.value, kafka: kafka.value };
  }
  for (const result of results) if (result.status === 'fulfilled') await result.value?.stop();
  // The first failure is the reason; the other one was only told to stop.
  throw failed.signal.reason;
}

/** Topics hold the changes of one database: those of another must not be found among them. */
function kafkaDataName({ databaseUrl }: UpPlan): string {
  if (databaseUrl === undefined) return 'kafka';
  return `kafka-${createHash('sha256').update(describeDatabase(databaseUrl)).digest('hex').slice(0, 8)}`;
}
