import type { Definition } from '../../../shared/config/definition.ts';
import { cdcTopic, enricherGroup } from '../../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../../shared/kafka/admin.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import { pause } from '../../../shared/lifecycle/run-service.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import type { GroupSight } from './chunk-money.ts';
import { GroupPace, rowsAllowed } from './pacing.ts';
import { busyGroup, idleGroup, type Wait } from './waiting-jobs.ts';

/** Consumers commit every fifth of a second: asked more often, nothing has moved. */
const READ_INTERVAL_MS = 400;
/** What was read longer ago says nothing of now. */
const STALE_AFTER_MS = 2_000;
/** Whoever no job was for lately is not asked any more. */
const ASKED_WITHIN_MS = 10_000;

interface WatchedGroup {
  readonly group: string;
  readonly topic: string;
  readonly pace: GroupPace;
  /** Of all chunks that were for it: sent off, and of these the ones that Kafka has, or that never went. */
  sentRows: number;
  settledRows: number;
  readAtMs: number;
  sight: GroupSight | undefined;
  askedAtMs: number;
  reading: Promise<void> | undefined;
}

/**
 * Asks Kafka how far the groups of the addressed enrichments are: on a timer of its own, because a group that is only looked at
 * between two chunks seems as slow as those chunks.
 */
export class GroupReadings implements AsyncDisposable {
  readonly #settings: KafkaSettings;
  readonly #definition: Definition;
  readonly #nowMs: () => number;
  /** By group: an enrichment has one source, so one topic. */
  readonly #watched = new Map<string, WatchedGroup>();
  #admin: Promise<KafkaAdmin> | undefined;

  constructor(settings: KafkaSettings, definition: Definition, nowMs: () => number) {
    this.#settings = settings;
    this.#definition = definition;
    this.#nowMs = nowMs;
  }

  /** Reads until `signal` aborts whatever is asked for. What cannot be read is told to whoever asks next. */
  async run(signal: AbortSignal): Promise<void> {
    while (await pause(READ_INTERVAL_MS, signal)) {
      const nowMs = this.#nowMs();
      const wanted = [...this.#watched.values()].filter(
        ({ askedAtMs }) => nowMs - askedAtMs < ASKED_WITHIN_MS,
      );
      await Promise.allSettled(wanted.map((watched) => this.#read(watched)));
    }
  }

  /** Rows that the next chunk of the job may have, or for whom it waits. */
  async allowance(job: RedoJob): Promise<number | Wait> {
    const topic = cdcTopic(this.#definition.pipeline, job.schema, job.table);
    const paces: GroupPace[] = [];
    const full: { readonly enrichment: string; readonly pace: GroupPace }[] = [];
    for (const enrichment of this.#addressed(job)) {
      const { pace } = await this.#known(this.#groupOf(enrichment), topic);
      paces.push(pace);
      if (pace.rowsAllowed === 0) full.push({ enrichment, pace });
    }
    const [first] = full;
    if (first === undefined) return rowsAllowed(paces);
    const still = full.find(({ pace }) => pace.isStill);
    return still === undefined ? busyGroup(first.enrichment) : idleGroup(still.enrichment);
  }

  /** How far an enrichment was lately; undefined: Kafka does not say. */
  async sightOf(enrichment: string): Promise<GroupSight | undefined> {
    const { pipeline, sources, enrichments } = this.#definition;
    const table = sources[enrichments[enrichment]?.from ?? '']?.table;
    if (table === undefined) return undefined;
    const topic = cdcTopic(pipeline, table.schema, table.name);
    const watched = await this.#known(this.#groupOf(enrichment), topic).catch(() => undefined);
    return watched?.sight;
  }

  /** On their way to Kafka. */
  sent(job: RedoJob, rows: number): void {
    for (const watched of this.#watchedFor(job)) {
      watched.sentRows += rows;
      watched.pace.published(rows);
    }
  }

  /** Kafka has them, or they will not come. */
  settled(job: RedoJob, rows: number): void {
    for (const watched of this.#watchedFor(job)) watched.settledRows += rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closed(this.#admin);
  }

  /** An enrichment that is no longer defined holds nobody up. */
  #addressed({ enrichments }: RedoJob): readonly string[] {
    return enrichments.filter((enrichment) => this.#definition.enrichments[enrichment] !== undefined);
  }

  #watchedFor(job: RedoJob): readonly WatchedGroup[] {
    return this.#addressed(job).flatMap((enrichment) => this.#watched.get(this.#groupOf(enrichment)) ?? []);
  }

  #groupOf(enrichment: string): string {
    return enricherGroup(this.#definition.pipeline, enrichment);
  }

  async #known(group: string, topic: string): Promise<WatchedGroup> {
    const never = Number.NEGATIVE_INFINITY;
    const watched = this.#watched.get(group) ?? {
      group,
      topic,
      pace: new GroupPace(),
      sentRows: 0,
      settledRows: 0,
      readAtMs: never,
      sight: undefined,
      askedAtMs: never,
      reading: undefined,
    };
    this.#watched.set(group, watched);
    watched.askedAtMs = this.#nowMs();
    if (this.#nowMs() - watched.readAtMs > STALE_AFTER_MS) await this.#read(watched);
    return watched;
  }

  /** One question about a group at a time. */
  async #read(watched: WatchedGroup): Promise<void> {
    watched.reading ??= this.#readNow(watched).finally(() => {
      watched.reading = undefined;
    });
    await watched.reading;
  }

  async #readNow(watched: WatchedGroup): Promise<void> {
    const surelySeenRows = watched.settledRows;
    const beganAtMs = this.#nowMs();
    let finished = 0;
    let ahead = 0;
    for (const { low, high, committed } of await this.#lag(watched.group, watched.topic)) {
      const next = committed === undefined || committed < low ? low : committed;
      finished += Number(next);
      ahead += Number(high - next);
    }
    watched.readAtMs = this.#nowMs();
    watched.sight = { askedAtMs: beganAtMs, finished, ahead };
    watched.pace.read({ atMs: watched.readAtMs, finished, ahead });
    watched.pace.published(watched.sentRows - surelySeenRows);
  }

  /** All share one connection, which is made anew after any error. */
  async #lag(group: string, topic: string): ReturnType<KafkaAdmin['lag']> {
    this.#admin ??= connectKafkaAdmin(this.#settings);
    const admin = this.#admin;
    try {
      return await (await admin).lag(group, [topic]);
    } catch (error) {
      if (this.#admin === admin) this.#admin = undefined;
      await closed(admin);
      throw error;
    }
  }
}

const closed = async (admin: Promise<KafkaAdmin> | undefined): Promise<void> => {
  await admin?.then((connected) => connected.close()).catch(() => {});
};
