import { resultTable } from '../../../shared/side-tables/names.ts';
import type { MeasuredStandIn } from '../aws-local/stand-in.ts';
import type { Sample } from '../bench.ts';
import type { Parts } from '../reader/parts.ts';
import { batchSample, readBatches } from './batches.ts';
import { hopSample } from './hops.ts';
import { runLoad } from './load.ts';
import { allWritten, passagesSince, rowTimesOf } from './passages.ts';
import { createSetting, type ServiceName } from './setting.ts';
import { cpuSeconds, type Used, usageSince } from './usage.ts';

export const EVERYTHING: readonly ServiceName[] = [
  'reader',
  'enricher fraud',
  'enricher sentiment',
  'enricher embedding',
  'writer',
];
export const STEADY = { commitsPerSecond: 500, reviewsOfTen: 2, rowsPerCommit: 1 } as const;
/** The broker and the services compile what they do often for half a minute, on the processors that they share. */
const WARM_UP_SECONDS = 30;
const FRAUD = resultTable('fraud');

/** All services under a steady load: how long a purchase takes to its score, where that time goes, and what each process takes. */
export async function steady(
  parts: Parts,
  standIn: MeasuredStandIn,
  seconds: number,
  profileFolder?: string,
): Promise<Sample> {
  await using setting = await createSetting(parts);
  await setting.start(EVERYTHING, `http://127.0.0.1:${standIn.port}`, profileFolder);
  await runLoad(parts, setting.databaseUrl, { ...STEADY, seconds: WARM_UP_SECONDS });
  await allWritten(setting.client, FRAUD);
  const processes = new Map<string, Used>([...setting.services, ['aws_local', standIn]]);
  const sinceMs = Date.now();
  const batchesBefore = await readBatches(setting.services);
  const before = cpuSeconds(parts, processes);
  const { commits } = await runLoad(parts, setting.databaseUrl, { ...STEADY, seconds });
  const usage = usageSince(before, parts, processes);
  const batches = await readBatches(setting.services);
  await allWritten(setting.client, FRAUD);
  const passages = await passagesSince(setting.client, FRAUD, sinceMs);
  return {
    ...hopSample(await rowTimesOf(passages, setting, parts)),
    commits_per_second: commits / seconds,
    ...batchSample(batchesBefore, batches),
    ...usage,
  };
}
