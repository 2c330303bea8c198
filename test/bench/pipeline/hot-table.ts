import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../../services/cli/node24.js';
import { resultTable } from '../../../shared/side-tables/names.ts';
import type { MeasuredStandIn } from '../aws-local/stand-in.ts';
import type { Sample } from '../bench.ts';
import { startMeasured } from '../reader/measured-process.ts';
import type { Parts } from '../reader/parts.ts';
import { percentiles } from './hops.ts';
import { type Load, runLoad } from './load.ts';
import { allWritten, passagesSince } from './passages.ts';
import { QUEUE_SQL, RESULTS } from './queue.ts';
import { createSetting, type Setting } from './setting.ts';
import { cpuSeconds, type Usage, type Used } from './usage.ts';

/** What stands beside the table: nothing, the pipeline, or a trigger with a queue. */
export const WAYS = ['without', 'afterglow', 'trigger'] as const;
export type Way = (typeof WAYS)[number];

export const HOT: Omit<Load, 'seconds'> = { commitsPerSecond: 500, reviewsOfTen: 0, rowsPerCommit: 1 };
const WARM_UP_SECONDS = 10;
const MICROSECONDS_PER_SECOND = 1e6;
const WORKER = fileURLToPath(new URL('queue-worker.ts', import.meta.url));

/** The same purchases each time: how long the application's commits take, what they cost the database, and when the score is there. */
export async function hotTable(
  way: Way,
  parts: Parts,
  standIn: MeasuredStandIn,
  seconds: number,
): Promise<Sample> {
  await using setting = await createSetting(parts);
  await using beside = await start(way, setting, parts, `http://127.0.0.1:${standIn.port}`);
  await runLoad(parts, setting.databaseUrl, { ...HOT, seconds: WARM_UP_SECONDS });
  if (beside.results !== undefined) await allWritten(setting.client, beside.results);
  const sinceMs = Date.now();
  const before = cpuSeconds(parts, beside.processes);
  const { commitMs, commits } = await runLoad(parts, setting.databaseUrl, { ...HOT, seconds });
  const after = cpuSeconds(parts, beside.processes);
  const perCommitUs = (used: number): number => (used * MICROSECONDS_PER_SECOND) / commits;
  return {
    ...percentiles('commit', commitMs),
    database_cpu_per_commit_us: perCommitUs((after.postgres ?? 0) - (before.postgres ?? 0)),
    whole_cpu_per_commit_us: perCommitUs(sumOf(after) - sumOf(before)),
    ...(await latencyOf(setting, beside.results, sinceMs)),
  };
}

const sumOf = (usage: Usage): number => Object.values(usage).reduce((sum, seconds) => sum + seconds, 0);

interface Beside extends AsyncDisposable {
  readonly processes: ReadonlyMap<string, Used>;
  /** Where the scores are. */
  readonly results: string | undefined;
}

async function start(way: Way, setting: Setting, parts: Parts, awsUrl: string): Promise<Beside> {
  switch (way) {
    case 'without':
      return { processes: new Map(), results: undefined, async [Symbol.asyncDispose]() {} };
    case 'afterglow':
      await setting.start(['reader', 'enricher fraud', 'writer'], awsUrl);
      return {
        processes: setting.services,
        results: resultTable('fraud'),
        [Symbol.asyncDispose]: setting.stop,
      };
    case 'trigger': {
      await setting.client.query(QUEUE_SQL);
      const worker = await startMeasured({
        folder: parts.folder,
        name: `worker-${new URL(setting.databaseUrl).pathname.slice(1)}`,
        program: process.execPath,
        programArguments: [...NODE_ARGUMENTS, WORKER],
        environment: { DATABASE_URL: setting.databaseUrl, AFTERGLOW_AWS_LOCAL_URL: awsUrl },
      });
      return {
        processes: new Map([['worker', worker]]),
        results: RESULTS,
        [Symbol.asyncDispose]: worker.stop,
      };
    }
  }
}

async function latencyOf({ client }: Setting, results: string | undefined, sinceMs: number): Promise<Sample> {
  if (results === undefined) return {};
  await allWritten(client, results);
  const passages = await passagesSince(client, results, sinceMs);
  return percentiles(
    'commit_to_written',
    passages.map(({ committedAtMs, writtenAtMs }) => writtenAtMs - committedAtMs),
  );
}
