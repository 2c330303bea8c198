import { enrichedTopic } from '../contracts/topics.ts';
import type { KafkaSettings } from '../kafka/connect.ts';
import { connectConsumer } from '../kafka/consumer.ts';
import { follow } from '../kafka/follow.ts';
import { readThrough } from '../kafka/read-through.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { Change, EnrichedRecord } from './change.ts';
import { Changes, type ChangesOptions } from './changes.ts';
import { readingError } from './reading-error.ts';

export interface ReadOptions<Result> extends ChangesOptions<Result> {
  readonly brokers: readonly string[];
  readonly pipeline: string;
  readonly enrichment: string;
  /** Ends the reading: whoever iterates just comes to the end of the loop, or, of what is `present`, gets its reason thrown. */
  readonly signal?: AbortSignal;
  /**
   * A consumer group of yours: each of its processes gets a part of the rows, and a restart goes on behind the last change
   * whose turn of the loop was over. A new group begins at the beginning.
   */
  readonly group?: string;
  /** Without a group: what is on the topic and what comes, what comes from now on, or what is on the topic now and no more. */
  readonly read?: 'all' | 'new' | 'present';
}

const WINDOW = { rowsMax: 2_000, bytesMax: 16 * 1_048_576 };
const TAKE = { rowsMax: 200, bytesMax: 1_048_576, waitMaxMs: 0 };
const BEGINNING_MS = 0;

/**
 * The changes of an enrichment's results, as they come, each once: for await (const change of readEnriched({ … })).
 * @throws UnreadableRecord, AfterglowError
 */
export async function* readEnriched<Result = Readonly<Record<string, unknown>>>(
  options: ReadOptions<Result>,
): AsyncGenerator<Change<Result>, void, void> {
  const { brokers, pipeline, enrichment, group, signal = new AbortController().signal } = options;
  if (group?.startsWith(`${pipeline}.`) === true) {
    throw new RangeError(
      `groups that begin with "${pipeline}." are those of the pipeline: choose another name`,
    );
  }
  if (options.read === 'present') signal.throwIfAborted();
  if (signal.aborted) return;
  const clientId = group ?? `${pipeline}.client`;
  const settings = { brokers, clientId, logger: createLogger('client', 'silent') };
  const topic = enrichedTopic(pipeline, enrichment);
  const changes = new Changes<Result>(options);
  try {
    if (group !== undefined) yield* inGroup(settings, group, topic, changes, signal);
    else yield* alone(settings, topic, options.read ?? 'all', changes, signal);
  } catch (error) {
    if (signal.aborted && options.read !== 'present') return;
    // Of what is there now, a part must not pass for the whole.
    signal.throwIfAborted();
    throw readingError(error, topic, brokers);
  }
}

async function* inGroup<Result>(
  settings: KafkaSettings,
  group: string,
  topic: string,
  changes: Changes<Result>,
  signal: AbortSignal,
): AsyncGenerator<Change<Result>, void, void> {
  await using consumer = await connectConsumer(settings, {
    group,
    topics: [topic],
    window: WINDOW,
    withHeaders: true,
  });
  const stop = (): void => consumer.queue.abandon();
  signal.addEventListener('abort', stop, { once: true });
  try {
    while (!signal.aborted) {
      const records = await consumer.queue.take(TAKE);
      if (records.length === 0) return;
      for (const record of records) {
        if (signal.aborted) return;
        if (!consumer.isCurrent(record)) continue;
        const change = changes.read(record);
        if (change !== undefined) yield change;
        // Only now, when the turn of the loop is over: a crash before repeats the record.
        consumer.finish([record]);
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function* alone<Result>(
  settings: KafkaSettings,
  topic: string,
  read: 'all' | 'new' | 'present',
  changes: Changes<Result>,
  signal: AbortSignal,
): AsyncGenerator<Change<Result>, void, void> {
  const records: AsyncIterable<EnrichedRecord> =
    read === 'present'
      ? readThrough(settings, topic, signal)
      : follow(settings, topic, read === 'all' ? { fromMs: BEGINNING_MS } : {}, signal);
  for await (const record of records) {
    const change = changes.read(record);
    if (change !== undefined) yield change;
    if (signal.aborted) break;
  }
  if (read === 'present') signal.throwIfAborted();
}
