import type { Notice } from '../../../shared/contracts/events.ts';
import { instantFromMilliseconds } from '../../../shared/contracts/instant.ts';
import { noticesTopic } from '../../../shared/contracts/topics.ts';
import type { RecordProducer } from '../../../shared/kafka/producer.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import { type BudgetAlert, isAlertTold, markAlertTold } from '../../../shared/side-tables/budget-alerts.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';

export interface LimitNotice extends Omit<BudgetAlert, 'enrichment'> {
  readonly resetsAt: string;
  readonly usedNanoUsd: number;
}

export interface LimitNoticesSettings {
  readonly database: Queryable;
  readonly producer: Pick<RecordProducer, 'send'>;
  readonly pipeline: string;
  readonly enrichment: string;
  readonly logger: Logger;
}

/** Tells of each limit once a day, whichever process sees it first; once more where that one dies on the way. */
export class LimitNotices implements AsyncDisposable {
  readonly #settings: LimitNoticesSettings;
  readonly #told = new Set<string>();
  readonly #telling = new Set<Promise<void>>();

  constructor(settings: LimitNoticesSettings) {
    this.#settings = settings;
  }

  tell(notice: LimitNotice): void {
    const { day, purse, level, limitNanoUsd } = notice;
    const what = `${day} ${purse} ${level} ${limitNanoUsd}`;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    const telling = this.#tell(notice)
      .catch((err: unknown) => {
        this.#told.delete(what); // the next lease tells it
        this.#settings.logger.debug({ err }, 'a limit could not be told of');
      })
      .finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#telling);
  }

  async #tell(notice: LimitNotice): Promise<void> {
    const { database, producer, pipeline, enrichment, logger } = this.#settings;
    const { day, purse, level, resetsAt, limitNanoUsd, usedNanoUsd } = notice;
    // What is reserved for others makes an end for one enrichment alone; the alert is of the purse.
    const alerted = { day, purse, level, enrichment: level === 'alert' ? null : enrichment };
    const alert: BudgetAlert = { ...alerted, limitNanoUsd };
    if (await isAlertTold(database, alert)) return;
    const value: Notice = {
      kind: 'budget',
      at: instantFromMilliseconds(Date.now()),
      pipeline,
      ...alerted,
      limit_nano_usd: limitNanoUsd,
      used_nano_usd: usedNanoUsd,
      resets_at: resetsAt,
    };
    const topic = noticesTopic(pipeline);
    await producer.send([{ topic, partition: 0, key: value.kind, value: JSON.stringify(value) }]);
    if (!(await markAlertTold(database, alert))) return;
    const figures = {
      purse,
      used_usd: usedNanoUsd / 1e9,
      limit_usd: limitNanoUsd / 1e9,
      resets_at: resetsAt,
    };
    if (level === 'alert') logger.warn(figures, 'the budget of the day is nearly spent');
    else logger.warn(figures, 'the budget of the day does not reach for the next row');
  }
}
