import { cdcTopic, enrichedTopic, enricherGroup, writerGroup } from '../contracts/topics.ts';
import { connectKafkaAdmin, type KafkaAdmin, type PartitionEnds } from '../kafka/admin.ts';
import type { KafkaSettings } from '../kafka/connect.ts';
import type { TableName } from '../postgres/published.ts';

type Ends = readonly PartitionEnds[];

/** What has to be finished, as far as it is known; the ends are those at the first look, so that new records delay nothing. */
interface Way {
  readonly enriched?: Ends;
  readonly captured?: Ends;
}

/**
 * Tells whether the results of everything that was committed before a place in the log are written: the stream has passed it,
 * the enrichment has finished what was on the topic then, and the writer what the enrichment had published by then. A
 * process that starts anew only looks at later ends.
 */
export class Passage implements AsyncDisposable {
  readonly #settings: KafkaSettings;
  readonly #pipeline: string;
  /** Everything up to here is in Kafka. */
  readonly #safe: () => bigint;
  readonly #ways = new Map<string, Way>();
  #admin: KafkaAdmin | undefined;

  constructor(settings: KafkaSettings, pipeline: string, safe: () => bigint) {
    this.#settings = settings;
    this.#pipeline = pipeline;
    this.#safe = safe;
  }

  /** `mark` names the place: its ends are kept until it is forgotten. */
  async isWritten(mark: string, lsn: bigint, table: TableName, enrichment: string): Promise<boolean> {
    if (this.#safe() < lsn) return false;
    try {
      return await this.#look(`${mark} ${enrichment}`, table, enrichment);
    } catch (error) {
      const broken = this.#admin;
      this.#admin = undefined;
      await broken?.close().catch(() => {});
      throw error;
    }
  }

  forget(mark: string, enrichment: string): void {
    this.#ways.delete(`${mark} ${enrichment}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin?.close().catch(() => {});
  }

  async #look(name: string, table: TableName, enrichment: string): Promise<boolean> {
    this.#admin ??= await connectKafkaAdmin(this.#settings);
    const admin = this.#admin;
    const pipeline = this.#pipeline;
    const input = cdcTopic(pipeline, table.schema, table.name);
    const output = enrichedTopic(pipeline, enrichment);
    const way = this.#ways.get(name) ?? {};
    const captured = way.captured ?? (await admin.ends(input));
    this.#ways.set(name, { ...way, captured });
    if (!(await isFinished(admin, enricherGroup(pipeline, enrichment), input, captured))) return false;
    const enriched = way.enriched ?? (await admin.ends(output));
    this.#ways.set(name, { captured, enriched });
    return await isFinished(admin, writerGroup(pipeline), output, enriched);
  }
}

async function isFinished(admin: KafkaAdmin, group: string, topic: string, ends: Ends): Promise<boolean> {
  const lag = await admin.lag(group, [topic]);
  return ends.every(({ partition, high }) => {
    const found = lag.find((each) => each.partition === partition);
    const next = found === undefined ? 0n : largest(found.low, found.committed ?? 0n);
    return next >= high;
  });
}

const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
