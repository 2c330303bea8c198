import type { Definition } from '../../../shared/config/definition.ts';
import { parseLsn } from '../../../shared/contracts/position.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { DatabaseClient, Queryable } from '../../../shared/postgres/connect.ts';
import { Passage } from '../../../shared/progress/passage.ts';
import { readDefinitionInForce } from '../../../shared/side-tables/in-force.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { lookBesideStream } from '../beside-stream.ts';
import { isLate, KEYS_MAX, portionOf, waitMs } from './portions.ts';
import {
  createRefreshJob,
  type LastRefresh,
  lastRefresh,
  type MadeRefresh,
  outcomesOf,
  type Refresh,
} from './refresh-job.ts';

/** While the outcomes of the job before are on their way. */
const FOLLOW_INTERVAL_MS = 1_000;
/** However long the period, since a timer takes no more than 24 days. */
const LOOK_INTERVAL_MAX_MS = 3_600_000;

/**
 * Has rows scored again whose input ages without a commit: the oldest outcomes first, a portion at a time, the next one only
 * when the results of the one before are written. The jobs themselves remember when, so that a restart changes nothing.
 */
export async function watchRefreshes(
  settings: Pick<ServiceSettings, 'definition' | 'databaseUrl' | 'brokers' | 'logger'>,
  /** Everything up to here is in Kafka. */
  safe: () => bigint,
  signal: AbortSignal,
): Promise<void> {
  const { definition, databaseUrl, brokers, logger } = settings;
  const { pipeline } = definition;
  if (refreshesOf(definition).length === 0) return;
  await using passage = new Passage({ brokers, clientId: `${pipeline}.reader`, logger }, pipeline, safe);
  let rounds: readonly Rounds[] = [];
  const look = async (client: DatabaseClient): Promise<number> => {
    // A cut-over takes `refresh` along with the model that it is of.
    const refreshes = refreshesOf(await readDefinitionInForce(client, definition));
    if (!rounds.every((each, place) => each.isOf(refreshes[place])) || rounds.length !== refreshes.length) {
      rounds = refreshes.map((refresh) => new Rounds(refresh, passage));
    }
    let soonestMs = LOOK_INTERVAL_MAX_MS;
    for (const each of rounds) {
      const { nextMs, made } = await each.look(client);
      if (made !== undefined) tell(logger, each, made);
      soonestMs = Math.min(soonestMs, nextMs);
    }
    return soonestMs;
  };
  const applicationName = `${pipeline} reader (refresh)`;
  const trouble = 'rows whose results have aged could not be looked for: it is tried again';
  await lookBesideStream({ databaseUrl, applicationName, logger, trouble }, look, signal);
}

function tell(logger: Logger, { enrichment, everyMs }: Rounds, { job, rows, oldestMs }: MadeRefresh): void {
  logger.info({ job, rows, enrichment }, 'aged rows are scored again');
  if (!isLate(oldestMs, everyMs)) return;
  const late = { enrichment, oldest_ms: Math.round(oldestMs), every_ms: everyMs };
  logger.warn(late, 'the period of `refresh` does not suffice: rows age faster than they are scored again');
}

function refreshesOf({ enrichments, sources }: Definition): readonly Refresh[] {
  return Object.entries(enrichments).flatMap(([enrichment, { from, refresh }]) => {
    const table = sources[from]?.table;
    if (refresh === undefined || table === undefined) return [];
    return [{ enrichment, table, everyMs: refresh.every, portion: portionOf(refresh.every) }];
  });
}

type Look = {
  readonly nextMs: number;
  readonly made?: MadeRefresh;
};

/** The jobs of one enrichment, one after the other. */
class Rounds {
  readonly #refresh: Refresh;
  readonly #passage: Passage;
  /** The job that ended last, and a place in the log behind its last row. */
  #ended: { readonly job: string; readonly lsn: bigint } | undefined;
  #written: string | undefined;

  constructor(refresh: Refresh, passage: Passage) {
    this.#refresh = refresh;
    this.#passage = passage;
  }

  isOf(refresh: Refresh | undefined): boolean {
    return this.enrichment === refresh?.enrichment && this.#refresh.everyMs === refresh.everyMs;
  }

  get enrichment(): string {
    return this.#refresh.enrichment;
  }

  get everyMs(): number {
    return this.#refresh.everyMs;
  }

  async look(client: DatabaseClient): Promise<Look> {
    const { stepMs } = this.#refresh.portion;
    const last = await lastRefresh(client, this.enrichment);
    if (last !== undefined) {
      if (last.isOpen || !(await this.#isWritten(client, last.job))) return { nextMs: FOLLOW_INTERVAL_MS };
      const leftMs = last.ageMs < stepMs ? (await this.#waitMs(client, last)) - last.ageMs : 0;
      if (leftMs > 0) return { nextMs: leftMs };
    }
    const made = await createRefreshJob(client, this.#refresh, last);
    return made === undefined ? { nextMs: stepMs } : { nextMs: FOLLOW_INTERVAL_MS, made };
  }

  async #waitMs(client: Queryable, last: LastRefresh): Promise<number> {
    const rows = last.rows < KEYS_MAX ? 0 : await outcomesOf(client, this.enrichment);
    return waitMs(this.#refresh.portion, last.rows, rows);
  }

  /** A row of it that has no new outcome yet still looks old, and would be asked about twice. */
  async #isWritten(client: Queryable, job: string): Promise<boolean> {
    if (this.#written === job) return true;
    const mark = `refresh ${job}`;
    if (this.#ended?.job !== job) {
      const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
      this.#ended = { job, lsn: parseLsn(rows[0]?.lsn ?? '0/0') };
    }
    const { table, enrichment } = this.#refresh;
    const isWritten = await this.#passage.isWritten(mark, this.#ended.lsn, table, enrichment);
    if (!isWritten) return false;
    this.#passage.forget(mark, enrichment);
    this.#written = job;
    return true;
  }
}
