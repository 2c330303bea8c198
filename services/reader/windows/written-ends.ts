import type { KafkaSettings } from '../../../shared/kafka/connect.ts';
import { readTopicIds } from '../../../shared/kafka/topic-ids.ts';
import type { WrittenStretch } from '../../../shared/side-tables/written-outcomes.ts';
import { type Ends, isPast } from './window.ts';

/** What the side tables say is written of these topics, by their ids. */
export type ReadStretches = (topicIds: ReadonlyMap<string, string>) => Promise<readonly WrittenStretch[]>;

/** What the writer has written, told by the transactions that wrote it: its offsets are only what it says of itself. */
export class WrittenEnds {
  readonly #kafka: KafkaSettings;
  readonly #readStretches: ReadStretches;
  readonly #topicIds = new Map<string, string>();

  constructor(kafka: KafkaSettings, readStretches: ReadStretches) {
    this.#kafka = kafka;
    this.#readStretches = readStretches;
  }

  async isWritten(topic: string, ends: Ends): Promise<boolean> {
    const known = this.#topicIds.get(topic);
    if (known !== undefined && isPast(await this.#endsOf(topic, known), ends)) return true;
    // It may be another topic of that name by now.
    const topicId = (await readTopicIds(this.#kafka, [topic])).get(topic);
    // Of a topic without an id nothing is ever noted.
    if (topicId === undefined) return true;
    this.#topicIds.set(topic, topicId);
    return isPast(await this.#endsOf(topic, topicId), ends);
  }

  async #endsOf(topic: string, topicId: string): Promise<Ends> {
    const stretches = await this.#readStretches(new Map([[topic, topicId]]));
    return new Map(stretches.map(({ partition, next }) => [partition, next]));
  }
}
