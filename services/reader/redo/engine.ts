import { randomUUID } from 'node:crypto';
import type { TypeCatalog } from '../../../shared/contracts/row-codec.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import { connectDatabase, type DatabaseClient } from '../../../shared/postgres/connect.ts';
import { FIRST_USER_OID, readTypeCatalog } from '../../../shared/postgres/type-catalog.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import type { WalSafety } from '../slot-watch/wal-safety.ts';
import type { ChunkMoney } from './chunk-money.ts';
import type { ChunkWindow } from './chunk-window.ts';
import type { DescribedTable } from './described-table.ts';
import { GroupReadings } from './group-readings.ts';
import { failJob, finishChunk, finishJob, startJob } from './job-progress.ts';
import { LogRoom } from './log-room.ts';
import { forgetOldJobs } from './old-jobs.ts';
import { type ChunkEnd, OpenChunk, type PassedChunk } from './open-chunk.ts';
import { openJobs } from './our-jobs.ts';
import { CHUNK_BYTES_MAX } from './pacing.ts';
import { type ReadChunk, readChunk } from './read-chunk.ts';
import { RedoMoney } from './redo-money.ts';
import type { RedoSettings } from './redo-settings.ts';
import { clearSuspects, currentSnapshot, runningTransactions } from './running-transactions.ts';
import { troubleOf } from './trouble.ts';
import { StreamedTransactions } from './visibility.ts';
import {
  chunkAgain,
  inTheWay,
  OPEN_TRANSACTIONS,
  OTHER_DEFINITION,
  SHORT_LOG,
  UNKNOWN_LAG,
  type Wait,
  WaitingJobs,
} from './waiting-jobs.ts';
import { emitWatermark, parseWatermark } from './watermark.ts';

/** What the next chunk of a job may have. */
interface Allowance {
  readonly rowsMax: number;
  /** undefined: it costs nothing, or nothing is limited. */
  readonly money: ChunkMoney | undefined;
}

const IDLE_LOOK_INTERVAL_MS = 1_000;
/** While the groups have enough to do, or a chunk has to be read again. */
const HELD_LOOK_INTERVAL_MS = 200;
/** Nobody waits for old jobs to be forgotten. */
const FORGET_INTERVAL_MS = 3_600_000;
const FORGET_MORE_INTERVAL_MS = 1_000;
/** A watermark must reach the log at once, and needs no standby: the stream waits for those by itself. */
const SESSION = "set synchronous_commit = local; set row_security = off; set lock_timeout = '2s'";

/**
 * Reads rows again while the stream goes on, chunk by chunk between two watermarks. The stream tells it what passes;
 * `run` reads, and stores how far a job is only when Kafka has confirmed it. One per connection to the slot.
 */
export class RedoEngine {
  readonly #settings: RedoSettings;
  readonly #streamed = new StreamedTransactions();
  readonly #groups: GroupReadings;
  readonly #money: RedoMoney;
  readonly #waiting: WaitingJobs;
  readonly #room: LogRoom;
  readonly #nowMs: () => number;
  #types: TypeCatalog = new Map();
  #chunk: OpenChunk | undefined;
  #forgetAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: RedoSettings) {
    this.#settings = settings;
    this.#nowMs = settings.nowMs ?? (() => performance.now());
    const { brokers, logger, definition } = settings;
    this.#waiting = new WaitingJobs(logger, this.#nowMs);
    this.#room = new LogRoom(logger, settings.metrics);
    const kafka = { brokers, clientId: `${definition.pipeline}.reader`, logger };
    this.#groups = new GroupReadings(kafka, definition, this.#nowMs);
    this.#money = new RedoMoney(definition);
  }

  /** The stream has come to a transaction. */
  began(xid: number): void {
    this.#streamed.began(xid);
  }

  /** Where changes of the table have to be told to now; undefined nearly always. */
  windowFor(schema: string, name: string): ChunkWindow | undefined {
    return this.#chunk?.windowFor(schema, name);
  }

  /** A watermark has arrived. Returns what has to be published inside its transaction. */
  watermark(content: Buffer, commitLsn: bigint): PassedChunk | undefined {
    const chunk = this.#chunk;
    const mark = parseWatermark(content);
    // One that a process before this one wrote means nothing any more: its chunk is read again.
    if (chunk === undefined || mark?.chunk !== chunk.id) return undefined;
    if (mark.edge === 'high') return chunk.high(this.#streamed, commitLsn);
    chunk.low(this.#streamed);
    return undefined;
  }

  /** Everything up to this commit is in Kafka. */
  confirmed(commitLsn: bigint): void {
    this.#chunk?.confirmed(commitLsn);
  }

  /** How far the slot is from being lost, as it was seen a moment ago. */
  walSafety(safety: WalSafety): void {
    this.#room.measured(safety);
  }

  /** Does the jobs until `signal` aborts. Rejects when the database is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { definition, databaseUrl } = this.#settings;
    const applicationName = `${definition.pipeline} reader (redo)`;
    const client = await connectDatabase({ url: databaseUrl, applicationName });
    const ending = new AbortController();
    const reading = this.#groups.run(AbortSignal.any([signal, ending.signal]));
    try {
      await client.query(SESSION);
      this.#streamed.suspect(await runningTransactions(client));
      this.#types = await readTypeCatalog(client);
      while (!signal.aborted) {
        await this.#forgetOld(client);
        await pause(await this.#step(client, signal), signal);
      }
    } finally {
      this.#chunk = undefined;
      ending.abort();
      await client.end();
      // A question that is under way ends with its connection.
      await this.#groups[Symbol.asyncDispose]();
      await reading;
    }
  }

  async #forgetOld(client: DatabaseClient): Promise<void> {
    if (this.#nowMs() < this.#forgetAtMs) return;
    const isMoreLeft = await forgetOldJobs(client);
    this.#forgetAtMs = this.#nowMs() + (isMoreLeft ? FORGET_MORE_INTERVAL_MS : FORGET_INTERVAL_MS);
  }

  /** One chunk of the job whose turn it is. Returns how long there is nothing to do. */
  async #step(client: DatabaseClient, signal: AbortSignal): Promise<number> {
    this.#streamed.unseenBeforeLow(await currentSnapshot(client));
    await clearSuspects(client, this.#streamed);
    const { ours, others } = await openJobs(client, this.#settings);
    this.#waiting.onlyOf([...ours, ...others]);
    this.#money.onlyOf(ours);
    for (const job of others) await this.#waiting.waits(client, job, OTHER_DEFINITION);
    const wait = this.#waitOfAll(ours.length > 0);
    for (const job of ours) {
      const next = wait ?? (await this.#allowance(client, job));
      const done = 'what' in next ? next : await this.#advance(client, job, next, signal);
      if (done === undefined) return 0;
      await this.#waiting.waits(client, job, done);
    }
    return wait !== undefined || ours.length === 0 ? IDLE_LOOK_INTERVAL_MS : HELD_LOOK_INTERVAL_MS;
  }

  /** What no job may go on beside. */
  #waitOfAll(isWanted: boolean): Wait | undefined {
    if (this.#room.holds(isWanted)) return SHORT_LOG;
    // Whatever were read now would have to be read again.
    return this.#streamed.suspects.length > 0 ? OPEN_TRANSACTIONS : undefined;
  }

  /** What cannot be measured is not published into. */
  async #allowance(client: DatabaseClient, job: RedoJob): Promise<Allowance | Wait> {
    const rowsMax = await this.#paced(job);
    if (typeof rowsMax !== 'number') return rowsMax;
    const money = await this.#money.forChunk(client, job, (name) => this.#groups.sightOf(name));
    return money === undefined || 'wallets' in money ? { rowsMax, money } : money;
  }

  async #paced(job: RedoJob): Promise<number | Wait> {
    try {
      return await this.#groups.allowance(job);
    } catch (error) {
      this.#settings.logger.warn(
        { err: error, job: job.job },
        'the lag of a group is not known: a redo waits',
      );
      return UNKNOWN_LAG;
    }
  }

  /** Undefined when a chunk of the job is finished, or there is no more to do for now. */
  async #advance(
    client: DatabaseClient,
    job: RedoJob,
    allowance: Allowance,
    signal: AbortSignal,
  ): Promise<Wait | undefined> {
    const { logger, metrics } = this.#settings;
    const beganAtMs = this.#nowMs();
    try {
      if (job.state === 'waiting') await startJob(client, job);
      const { read, end } = await this.#publishChunk(client, job, allowance, signal);
      if (end === undefined) return undefined;
      if ('what' in end) return end;
      if (end.kind === 'again') {
        const wait = chunkAgain(end.why);
        // A table that is written all the time may ask for many readings.
        if (this.#waiting.isNew(job.job, wait)) {
          logger.info({ job: job.job, why: end.why }, 'a chunk is read again');
        }
        metrics.again(job.reason);
        return wait;
      }
      const rows = read.rows.length;
      const { superseded, gone } = end;
      const rowsPerSecond = smoothed(job.rowsPerSecond, rows, this.#nowMs() - beganAtMs);
      metrics.confirmed(job.reason, { rows, superseded, gone });
      const finished = { lastKey: read.lastKey, rows, gone, superseded, rowsPerSecond };
      if ((await finishChunk(client, job, finished)) && read.isLast) await finishJob(client, job);
      this.#waiting.goesOn(job.job);
      return undefined;
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === undefined) throw error;
      logger.warn({ job: job.job, code: trouble.code, again: trouble.isPassing }, 'a redo met an error');
      if (trouble.isPassing) return inTheWay(trouble.code);
      await failJob(client, job, trouble.told);
      return undefined;
    } finally {
      this.#chunk = undefined;
    }
  }

  /** `end` is undefined when the stream ended first. */
  async #publishChunk(
    client: DatabaseClient,
    job: RedoJob,
    { rowsMax, money }: Allowance,
    signal: AbortSignal,
  ): Promise<{ readonly read: ReadChunk; readonly end: ChunkEnd | Wait | undefined }> {
    const { definition, tables, newChunkId = randomUUID } = this.#settings;
    const table = tables.get(`${job.schema}.${job.table}`);
    if (table === undefined) throw new RangeError(`${job.schema}.${job.table} is no source`);
    const chunk = new OpenChunk(newChunkId(), job, table);
    this.#chunk = chunk;
    await emitWatermark(client, { edge: 'low', chunk: chunk.id });
    const toRead = { pipeline: definition.pipeline, schema: job.schema, name: job.table, key: table.key };
    const admitting = async (described: DescribedTable) =>
      await this.#money.admitting(client, money, described, await this.#typesOf(client, described));
    const limits = { rowsMax, bytesMax: CHUNK_BYTES_MAX, admitting };
    const read = await readChunk(client, job, toRead, limits, async (rows) => {
      if (rows.rows.length === 0) return;
      chunk.fill(rows, await this.#typesOf(client, rows.table));
      await emitWatermark(client, { edge: 'high', chunk: chunk.id });
    });
    if (read.rows.length === 0) {
      const nothing = { kind: 'confirmed', superseded: 0, gone: 0 } as const;
      return { read, end: this.#money.refused(job, money) ?? nothing };
    }
    this.#groups.sent(job, read.rows.length);
    const end = await endedUnlessAborted(chunk, signal);
    this.#groups.settled(job, read.rows.length);
    if (end?.kind === 'confirmed') this.#money.published(money, this.#nowMs());
    return { read, end };
  }

  async #typesOf(client: DatabaseClient, { relation }: DescribedTable): Promise<TypeCatalog> {
    const isNew = (oid: number): boolean => oid >= FIRST_USER_OID && !this.#types.has(oid);
    if (relation.columns.some(({ typeOid }) => isNew(typeOid))) {
      this.#types = await readTypeCatalog(client);
    }
    return this.#types;
  }
}

async function endedUnlessAborted(chunk: OpenChunk, signal: AbortSignal): Promise<ChunkEnd | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const stop = (): void => aborted.resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([chunk.ended, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const NEWEST_SHARE = 0.3;

function smoothed(known: number | null, rows: number, durationMs: number): number | null {
  if (rows === 0 || durationMs <= 0) return known;
  const measured = rows / (durationMs / 1_000);
  return known === null ? measured : known * (1 - NEWEST_SHARE) + measured * NEWEST_SHARE;
}
