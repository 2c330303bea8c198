import type { Queryable } from '../../shared/postgres/connect.ts';
import { latePartitions, noteLateKeys, settleLateKeys } from '../../shared/side-tables/late-keys.ts';
import type { LastOfKeys } from './last-of-keys.ts';
import type { WriterMetrics } from './metrics.ts';

/**
 * Notes keys whose last outcome on the topic is an older one, as a process that was frozen and wakes leaves them: the tables
 * have the newest all the same, but compaction would keep the older. Kept in the transaction of their batch.
 */
export class LateKeys {
  readonly #metrics: WriterMetrics;
  /** Enrichments that may have such keys: of all others nothing has to be settled. */
  #noted = new Set<string>();
  /** Those that were noted since the last look began: their transactions may end behind it, where it does not see them. */
  #fresh = new Set<string>();

  constructor(metrics: WriterMetrics) {
    this.#metrics = metrics;
  }

  async look(client: Queryable): Promise<void> {
    const before = this.#fresh;
    this.#fresh = new Set();
    const found = await latePartitions(client);
    this.#noted = new Set([...found.map(({ enrichment }) => enrichment), ...before, ...this.#fresh]);
  }

  concerns(enrichment: string, { late }: LastOfKeys): boolean {
    return late.length > 0 || this.#noted.has(enrichment);
  }

  async keep(client: Queryable, enrichment: string, { late, inOrder }: LastOfKeys): Promise<void> {
    if (this.#noted.has(enrichment) && inOrder.length > 0) {
      const keys = inOrder.map(({ event }) => event.key);
      await settleLateKeys(client, enrichment, keys);
    }
    if (late.length === 0) return;
    this.#noted.add(enrichment);
    this.#fresh.add(enrichment);
    this.#metrics.late(enrichment, late.length);
    const notes = late.map(({ event, record }) => ({ key: event.key, partition: record.partition }));
    await noteLateKeys(client, enrichment, notes);
  }
}
