import type { Definition } from '../../../shared/config/definition.ts';
import { cdcTopic, enricherGroup } from '../../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin } from '../../../shared/kafka/admin.ts';
import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { GroupPace, rowsAllowed } from './pacing.ts';
import { busyGroup, idleGroup, type Wait } from './waiting-jobs.ts';

/** Consumers commit every fifth of a second: asked more often, nothing has moved. */
const READ_INTERVAL_MS = 400;

/** Asks Kafka how far the groups of the addressed enrichments are. */
export class GroupReadings implements AsyncDisposable {
  readonly #settings: KafkaSettings;
  readonly #definition: Definition;
  readonly #nowMs: () => number;
  /** By group: an enrichment has one source, so one topic. */
  readonly #paces = new Map<string, { readonly pace: GroupPace; readAtMs: number }>();
  #admin: KafkaAdmin | undefined;

  constructor(settings: KafkaSettings, definition: Definition, nowMs: () => number) {
    this.#settings = settings;
    this.#definition = definition;
    this.#nowMs = nowMs;
  }

  /** Rows that the next chunk of the job may have, or for whom it waits. */
  async allowance(job: RedoJob): Promise<number | Wait> {
    const topic = cdcTopic(this.#definition.pipeline, job.schema, job.table);
    const paces: GroupPace[] = [];
    const full: { readonly enrichment: string; readonly pace: GroupPace }[] = [];
    for (const enrichment of this.#addressed(job)) {
      const pace = await this.#read(this.#groupOf(enrichment), topic);
      paces.push(pace);
      if (pace.rowsAllowed === 0) full.push({ enrichment, pace });
    }
    const [first] = full;
    if (first === undefined) return rowsAllowed(paces);
    const still = full.find(({ pace }) => pace.isStill);
    return still === undefined ? busyGroup(first.enrichment) : idleGroup(still.enrichment);
  }

  published(job: RedoJob, rows: number): void {
    for (const enrichment of this.#addressed(job)) {
      this.#paces.get(this.#groupOf(enrichment))?.pace.published(rows);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin?.close().catch(() => {});
  }

  /** An enrichment that is no longer defined holds nobody up. */
  #addressed({ enrichments }: RedoJob): readonly string[] {
    return enrichments.filter((enrichment) => this.#definition.enrichments[enrichment] !== undefined);
  }

  #groupOf(enrichment: string): string {
    return enricherGroup(this.#definition.pipeline, enrichment);
  }

  async #read(group: string, topic: string): Promise<GroupPace> {
    const known = this.#paces.get(group) ?? { pace: new GroupPace(), readAtMs: Number.NEGATIVE_INFINITY };
    this.#paces.set(group, known);
    if (this.#nowMs() - known.readAtMs < READ_INTERVAL_MS) return known.pace;
    let finished = 0;
    let ahead = 0;
    for (const { low, high, committed } of await this.#lag(group, topic)) {
      const next = committed === undefined || committed < low ? low : committed;
      finished += Number(next);
      ahead += Number(high - next);
    }
    known.readAtMs = this.#nowMs();
    known.pace.read({ atMs: known.readAtMs, finished, ahead });
    return known.pace;
  }

  async #lag(group: string, topic: string): ReturnType<KafkaAdmin['lag']> {
    try {
      this.#admin ??= await connectKafkaAdmin(this.#settings);
      return await this.#admin.lag(group, [topic]);
    } catch (error) {
      const broken = this.#admin;
      this.#admin = undefined;
      await broken?.close().catch(() => {});
      throw error;
    }
  }
}
