import { noticesTopic } from '../../shared/contracts/topics.ts';
import type { KafkaSettings } from '../../shared/kafka/connect.ts';
import { follow } from '../../shared/kafka/follow.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import { mendView } from '../../shared/side-tables/view-mending.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface MendingParts {
  readonly pipeline: string;
  /** Names of the sources that have a view. */
  readonly sources: readonly string[];
  readonly database: Queryable;
  readonly kafka: KafkaSettings;
  readonly logger: Logger;
}

/** A column may go without any row being written after it, and then no notice comes. */
const LOOK_INTERVAL_MS = 15_000;
const FOLLOW_AGAIN_MS = 5_000;

/** Keeps the views usable after the application has dropped a column of a source or changed its type. */
export class ViewMending {
  readonly #parts: MendingParts;
  #mending: Promise<void> = Promise.resolve();

  constructor(parts: MendingParts) {
    this.#parts = parts;
  }

  /** Until `ended` aborts; never rejects, since results go on being written whatever a view looks like. */
  async keep(ended: AbortSignal): Promise<void> {
    await Promise.all([this.#look(ended), this.#listen(ended)]);
  }

  async #look(ended: AbortSignal): Promise<void> {
    do await this.#mend();
    while (await pause(LOOK_INTERVAL_MS, ended));
  }

  async #listen(ended: AbortSignal): Promise<void> {
    const { kafka, pipeline } = this.#parts;
    do {
      try {
        for await (const { key } of follow(kafka, noticesTopic(pipeline), {}, ended)) {
          if (String(key) === 'schema_change') await this.#mend();
        }
      } catch (err) {
        this.#parts.logger.debug({ err }, 'the notices cannot be read: views are looked at now and then');
      }
    } while (await pause(FOLLOW_AGAIN_MS, ended));
  }

  async #mend(): Promise<void> {
    this.#mending = this.#mending.then(() => this.#mendAll());
    await this.#mending;
  }

  async #mendAll(): Promise<void> {
    const { sources, database, logger } = this.#parts;
    for (const source of sources) {
      try {
        if (await mendView(database, source)) {
          logger.info({ source }, 'the source has changed: its view was mended; init adds what is new');
        }
      } catch (err) {
        logger.warn({ err, source }, 'the view cannot be mended: its queries may fail until init was run');
      }
    }
  }
}
