import { Gathering } from '../../shared/batching/gathering.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import {
  type CacheBounds,
  type CachedRequest,
  forgetRequests,
  type RequestToCache,
  readRequests,
  storeRequests,
} from '../../shared/side-tables/request-cache.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { ValkeyAnswers } from '../../shared/valkey/answers.ts';
import { untilAnswered, type WaitObserver } from './database-wait.ts';
import type { FoundRequest, SharedRequests } from './pay-once.ts';

/** An answer of a text does not change with the days; what bounds the cache is its place on disk, about 1.4 GB of vectors. */
export const CACHE_BOUNDS: CacheBounds = { keptMs: 90 * 86_400_000, rowsMax: 250_000 };
const FORGET_INTERVAL_MS = 60_000;
/** Of one statement; an answer with a vector of 1024 numbers takes 5.5 KB. */
const AT_ONCE_MAX = 250;

export interface SharedRequestsSettings {
  readonly database: Queryable;
  readonly enrichment: string;
  readonly observer: WaitObserver;
  /** In front of the database. */
  readonly valkey?: Pick<ValkeyAnswers, 'read' | 'keep'> | undefined;
  /** What is not asked for yet is given up when `stopping` aborts; what is paid for only when `aborting` does. */
  readonly signals: { readonly stopping: AbortSignal; readonly aborting: AbortSignal };
  readonly bounds?: CacheBounds;
}

/**
 * The cache that all processes share, one statement at a time in each direction. While its database is away everything that
 * Valkey does not hold waits here: what cannot be looked up is not asked for, and what is paid for and not durable is not
 * published. Valkey gets what the database has, never the other way round.
 */
export function sharedRequests(settings: SharedRequestsSettings): SharedRequests {
  const { database, enrichment, observer, valkey, signals, bounds = CACHE_BOUNDS } = settings;
  const reads = new Gathering<string, FoundRequest | undefined>(async (hashes) => {
    const found = await untilAnswered(observer, signals.stopping, () =>
      readRequests(database, hashes, bounds.keptMs),
    );
    valkey?.keep(
      found.flatMap((request, place) =>
        request === undefined ? [] : [{ ...request, requestHash: hashes[place] ?? '' }],
      ),
    );
    return found.map((request) => (request === undefined ? undefined : { ...request, layer: 'shared' }));
  }, AT_ONCE_MAX);
  // Apart, so that what it holds is found while the database is away.
  const fasterReads =
    valkey === undefined
      ? undefined
      : new Gathering<string, CachedRequest | undefined>((hashes) => valkey.read(hashes), AT_ONCE_MAX);
  const stores = new Gathering<RequestToCache, undefined>(async (requests) => {
    await untilAnswered(observer, signals.aborting, () =>
      storeRequests(database, enrichment, requests, bounds.keptMs),
    );
    valkey?.keep(requests);
    return requests.map(() => undefined);
  }, AT_ONCE_MAX);
  return {
    read: (hash) => (fasterReads === undefined ? reads.ask(hash) : readEither(hash, fasterReads, reads)),
    store: (request) => stores.ask(request),
  };
}

async function readEither(
  hash: string,
  fasterReads: Gathering<string, CachedRequest | undefined>,
  reads: Gathering<string, FoundRequest | undefined>,
): Promise<FoundRequest | undefined> {
  const faster = await fasterReads.ask(hash);
  return faster === undefined ? await reads.ask(hash) : { ...faster, layer: 'valkey' };
}

/** Keeps the cache within its bounds until told to stop. Never rejects: what is left over now is forgotten later. */
export async function keepWithinBounds(
  database: Queryable,
  logger: Logger,
  stopping: AbortSignal,
  bounds = CACHE_BOUNDS,
): Promise<void> {
  do {
    try {
      const forgotten = await forgetRequests(database, bounds);
      if (forgotten > 0) logger.debug({ answers: forgotten }, 'the cache forgot its oldest answers');
    } catch (error) {
      if (!stopping.aborted) logger.debug({ err: error }, 'the cache could not be kept within its bounds');
    }
  } while (await pause(FORGET_INTERVAL_MS, stopping));
}
