import { loadavg } from 'node:os';
import type { Benchmark, Medians, OptionValues, Sample, Variant } from '../bench.ts';
import { sendAll } from './load.ts';
import { DOCUMENTS, fraudRequests, ROWS, sentimentRequests, titanRequests } from './requests.ts';
import { startStandIn } from './stand-in.ts';

const CALLS = 6_000;
const CONNECTIONS = 16;
const ASKED_PER_SECOND = 3_000;

export const options = { calls: { type: 'string' }, profile: { type: 'string' } } as const;

/** --calls N, --profile <folder> for the server's CPU profiles. */
export function configure(values: OptionValues): Benchmark {
  const calls = values.calls === undefined ? CALLS : Number(values.calls);
  if (!Number.isInteger(calls) || calls < 100)
    throw new RangeError('--calls takes a whole number from 100 on');
  const profile = values.profile === undefined ? undefined : String(values.profile);
  const variant = (name: string, requests: () => readonly Buffer[], itemsPerCall: number): Variant => ({
    name,
    run: async () => await measured(requests(), itemsPerCall, profile),
  });
  const batches = Math.ceil(calls / 5);
  return {
    what: 'How many calls a second can the stand-in answer on one core?',
    how:
      `Each run sends ${calls} Titan calls, all with different texts of about 280 characters, or ${batches} batches, over ` +
      `${CONNECTIONS} kept-alive connections to a server process of its own, after a tenth of them to warm up. Calls per core are calls by ` +
      'processor seconds (user and system) of that process, since the load shares the machine; the clock on the wall is noted beside them.',
    conditions: {
      calls,
      batches,
      connections: CONNECTIONS,
      documents_per_batch: DOCUMENTS,
      rows_per_batch: ROWS,
      load_average_at_start: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      ...(profile === undefined ? {} : { profiled: 'yes' }),
    },
    rounds: 5,
    variants: [
      variant('titan_v2_1024', () => titanRequests(calls, 'amazon.titan-embed-text-v2:0'), 1),
      variant('titan_v2_256', () => titanRequests(calls, 'amazon.titan-embed-text-v2:0', 256), 1),
      variant('titan_v1_1536', () => titanRequests(calls, 'amazon.titan-embed-text-v1'), 1),
      variant('sentiment_en', () => sentimentRequests(batches, 'en'), DOCUMENTS),
      variant('sentiment_ja', () => sentimentRequests(batches, 'ja'), DOCUMENTS),
      variant('fraud_csv', () => fraudRequests(batches), ROWS),
    ],
    observe,
  };
}

export const benchmark: Benchmark = configure({});

async function measured(
  requests: readonly Buffer[],
  itemsPerCall: number,
  profile: string | undefined,
): Promise<Sample> {
  const standIn = await startStandIn(profile);
  try {
    await sendAll(standIn.port, requests.slice(0, Math.ceil(requests.length / 10)), CONNECTIONS);
    const beginCpuSeconds = standIn.cpuSeconds();
    const tookMs = await sendAll(standIn.port, requests, CONNECTIONS);
    const cpuSeconds = standIn.cpuSeconds() - beginCpuSeconds;
    return {
      calls_per_core_second: requests.length / cpuSeconds,
      items_per_core_second: (requests.length * itemsPerCall) / cpuSeconds,
      calls_per_wall_second: requests.length / (tookMs / 1_000),
      peak_memory_mb: standIn.peakMemoryMb(),
    };
  } finally {
    await standIn.stop();
  }
}

function observe(medians: Medians): string {
  const shown = (value = 0): string => Math.round(value).toLocaleString('en-US');
  const titan = medians.titan_v2_1024?.calls_per_core_second;
  const documents = medians.sentiment_en?.items_per_core_second;
  const rows = medians.fraud_csv?.items_per_core_second;
  return `One core answers ${shown(titan)} Titan V2 calls a second (${shown(ASKED_PER_SECOND)} are asked for), ${shown(documents)} documents of sentiment, ${shown(rows)} rows of fraud.`;
}
