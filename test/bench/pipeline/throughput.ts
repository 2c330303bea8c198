import { resultTable } from '../../../shared/side-tables/names.ts';
import type { MeasuredStandIn } from '../aws-local/stand-in.ts';
import type { Sample } from '../bench.ts';
import type { Parts } from '../reader/parts.ts';
import { keepsUp, percentiles } from './hops.ts';
import { fillPurchases, runLoad } from './load.ts';
import { allWritten, passagesSince, rowTimesOf } from './passages.ts';
import { createSetting, type Setting } from './setting.ts';
import { cpuSeconds, usageSince } from './usage.ts';

const FRAUD = resultTable('fraud');
/** What takes outcomes stands ready before the first row comes out of the log. */
const BEHIND_THE_READER = ['enricher fraud', 'writer'] as const;
const MILLISECONDS_PER_SECOND = 1_000;

/** Rows that wait in the log while nobody reads it: from the first that a broker takes to the last result. */
export async function drain(
  parts: Parts,
  standIn: MeasuredStandIn,
  rows: number,
  profileFolder?: string,
): Promise<Sample> {
  const awsUrl = `http://127.0.0.1:${standIn.port}`;
  await using setting = await createSetting(parts);
  await setting.start(['reader'], awsUrl);
  await setting.stop();
  const sinceMs = Date.now();
  await fillPurchases(setting.client, rows);
  await setting.start(BEHIND_THE_READER, awsUrl, profileFolder);
  const before = cpuSeconds(parts, setting.services);
  await setting.start(['reader'], awsUrl, profileFolder);
  await allWritten(setting.client, FRAUD);
  const usage = usageSince(before, parts, setting.services);
  const times = await rowTimesOf(await passagesSince(setting.client, FRAUD, sinceMs), setting, parts);
  const firstMs = times.reduce(
    (least, { publishedAtMs }) => Math.min(least, publishedAtMs),
    Number.POSITIVE_INFINITY,
  );
  const lastMs = times.reduce((most, { writtenAtMs }) => Math.max(most, writtenAtMs), 0);
  return { rows_per_second: (rows * MILLISECONDS_PER_SECOND) / (lastMs - firstMs), ...usage };
}

export const ROWS_PER_COMMIT = 10;
const FIRST_RATE = 4_000;
const STEP = 1.25;
const LEAST_RATE = 250;
const WARM_UP_SECONDS = 5;
/** Of what was asked for: with less, it is the load itself that the machine cannot bear. */
const LOAD_SHARE_LEAST = 0.97;

/** Ever higher rates until the lag grows, or lower ones until it does not: the highest that the pipeline follows. */
export async function sustained(parts: Parts, standIn: MeasuredStandIn, seconds: number): Promise<Sample> {
  await using setting = await createSetting(parts);
  await setting.start(['reader', ...BEHIND_THE_READER], `http://127.0.0.1:${standIn.port}`);
  await attempt(setting, parts, FIRST_RATE, WARM_UP_SECONDS);
  let followed: Attempt | undefined;
  for (let rate = FIRST_RATE; rate >= LEAST_RATE; ) {
    const tried = await attempt(setting, parts, rate, seconds);
    if (tried.isFollowed) followed = tried;
    if (!tried.isFollowed && followed !== undefined) break;
    if (tried.isFollowed && followed !== undefined && rate < FIRST_RATE) break;
    rate = tried.isFollowed ? rate * STEP : rate / STEP;
  }
  if (followed === undefined)
    throw new Error(`the pipeline does not even follow ${LEAST_RATE} rows a second`);
  return { rows_per_second: followed.rowsPerSecond, ...followed.latency };
}

interface Attempt {
  readonly rowsPerSecond: number;
  readonly isFollowed: boolean;
  readonly latency: Sample;
}

async function attempt(setting: Setting, parts: Parts, rate: number, seconds: number): Promise<Attempt> {
  const sinceMs = Date.now();
  const load = {
    commitsPerSecond: rate / ROWS_PER_COMMIT,
    seconds,
    reviewsOfTen: 0,
    rowsPerCommit: ROWS_PER_COMMIT,
  };
  await runLoad(parts, setting.databaseUrl, load);
  await allWritten(setting.client, FRAUD);
  const passages = await passagesSince(setting.client, FRAUD, sinceMs);
  const rowsPerSecond = passages.length / seconds;
  return {
    rowsPerSecond,
    isFollowed: rowsPerSecond >= LOAD_SHARE_LEAST * rate && keepsUp(passages),
    latency: percentiles(
      'commit_to_written',
      passages.map(({ committedAtMs, writtenAtMs }) => writtenAtMs - committedAtMs),
    ),
  };
}
