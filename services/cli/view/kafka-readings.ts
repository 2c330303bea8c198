// How far behind each hop is, from Kafka's own offsets.
import type { Definition } from '../../../shared/config/definition.ts';
import { cdcTopic, enrichedTopic, enricherGroup, writerGroup } from '../../../shared/contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin, type PartitionLag } from '../../../shared/kafka/admin.ts';
import { halfOfRetention, isLate } from '../../../shared/progress/late-group.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';

export interface HopLag {
  /** "enricher fraud", "writer fraud". */
  readonly hop: string;
  readonly group: string;
  readonly topic: string;
  readonly records: number;
  /** What it wants next is older than half of what Kafka keeps. */
  readonly is_late: boolean;
}

/** How long records are young enough is asked for no more often. */
const HALF_KNOWN_MS = 60_000;

export class KafkaReadings implements AsyncDisposable {
  readonly #brokers: readonly string[];
  readonly #definition: Definition;
  #admin: KafkaAdmin | undefined;
  readonly #halves = new Map<
    string,
    { readonly readAtMs: number; readonly half: ReadonlyMap<number, bigint> }
  >();

  constructor(brokers: readonly string[], definition: Definition) {
    this.#brokers = brokers;
    this.#definition = definition;
  }

  async lag(): Promise<readonly HopLag[]> {
    try {
      this.#admin ??= await connectKafkaAdmin({
        brokers: this.#brokers,
        clientId: 'afterglow.view',
        logger: createLogger('view', 'silent'),
      });
      const lags: HopLag[] = [];
      for (const hop of hopsOf(this.#definition)) {
        const partitions = await this.#admin.lag(hop.group, [hop.topic]);
        lags.push({
          ...hop,
          records: partitions.reduce((sum, partition) => sum + recordsBehind(partition), 0),
          is_late: isLate(partitions, await this.#halfOf(this.#admin, hop.topic)),
        });
      }
      return lags;
    } catch (error) {
      const broken = this.#admin;
      this.#admin = undefined;
      await broken?.close().catch(() => {});
      throw error;
    }
  }

  async #halfOf(admin: KafkaAdmin, topic: string): Promise<ReadonlyMap<number, bigint>> {
    const known = this.#halves.get(topic);
    if (known !== undefined && performance.now() - known.readAtMs < HALF_KNOWN_MS) return known.half;
    const half = await halfOfRetention(admin, topic, Date.now());
    this.#halves.set(topic, { readAtMs: performance.now(), half });
    return half;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin?.close().catch(() => {});
  }
}

/** In the order a row takes. */
export function hopsOf({
  pipeline,
  sources,
  enrichments,
}: Definition): readonly Pick<HopLag, 'hop' | 'group' | 'topic'>[] {
  return Object.entries(enrichments).flatMap(([name, { from }]) => {
    const table = sources[from]?.table;
    if (table === undefined) return [];
    return [
      {
        hop: `enricher ${name}`,
        group: enricherGroup(pipeline, name),
        topic: cdcTopic(pipeline, table.schema, table.name),
      },
      { hop: `writer ${name}`, group: writerGroup(pipeline), topic: enrichedTopic(pipeline, name) },
    ];
  });
}

/** A group that never committed begins at the beginning. */
export function recordsBehind({ low, high, committed }: PartitionLag): number {
  const next = committed === undefined || committed < low ? low : committed;
  return Number(high - next);
}
