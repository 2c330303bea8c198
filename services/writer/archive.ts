import type { RowKey } from '../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../shared/contracts/instant.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { deadLetterRecord, failureOf } from '../../shared/kafka/dead-letters.ts';
import type { RecordProducer } from '../../shared/kafka/producer.ts';
import type { Target } from './apply.ts';
import type { Arrival } from './refusals.ts';

/** Keeps byte for byte what cannot be written, so that it blocks nobody and is not lost. */
export class Archive {
  readonly #pipeline: string;
  readonly #producer: RecordProducer;
  readonly #targets: ReadonlyMap<string, Target>;

  constructor(pipeline: string, producer: RecordProducer, targets: ReadonlyMap<string, Target>) {
    this.#pipeline = pipeline;
    this.#producer = producer;
    this.#targets = targets;
  }

  /** What somebody else put on our topics. */
  async unreadable(records: readonly FetchedRecord[]): Promise<void> {
    const fault = new Fault('undecodable', 'shape', 'not an outcome event');
    await this.#producer.send(records.map((record) => this.#letter(record, undefined, fault).record));
  }

  /** The row as it is after the database refused its outcome: failed, with its reason and where it is kept. */
  async refused(arrival: Arrival, fault: Fault): Promise<Arrival> {
    const { record, event } = arrival;
    const row = { key: event.key, keyText: record.key?.toString('utf8') ?? '{}', table: event.source.table };
    const letter = this.#letter(record, row, fault);
    await this.#producer.send([letter.record]);
    const { key, enrichment, source, revision, as_of, input_hash } = event;
    return {
      record,
      event: {
        key,
        enrichment,
        source,
        revision,
        as_of,
        input_hash,
        enriched_at: instantFromMilliseconds(Date.now()),
        status: 'failed',
        error: failureOf(fault, 1),
        dead_letter_id: letter.id,
      },
    };
  }

  /** A tombstone: the key of a row that is gone, whose result is still there. */
  async unburied(record: FetchedRecord, key: RowKey, fault: Fault): Promise<void> {
    const row = { key, keyText: record.key?.toString('utf8') ?? '{}', table: '' };
    await this.#producer.send([this.#letter(record, row, fault).record]);
  }

  #letter(record: FetchedRecord, row: Parameters<typeof deadLetterRecord>[0]['row'], fault: Fault) {
    return deadLetterRecord({
      pipeline: this.#pipeline,
      enrichment: this.#targets.get(record.topic)?.tables.enrichment ?? '',
      stage: 'write',
      record,
      row,
      failure: failureOf(fault, 1),
      nowMs: Date.now(),
    });
  }
}
