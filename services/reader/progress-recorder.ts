import { progressTopic } from '../../shared/contracts/topics.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import type { CaptureContext } from './change-events.ts';
import { ProgressWindow } from './progress-window.ts';
import type { CommitMark, Publisher } from './publisher.ts';
import type { SlotProgress } from './slot-progress.ts';

const INTERVAL_MS = 250;

/** Publishes what was confirmed, a record per window and table; only behind it are the transactions safe to acknowledge. */
export class ProgressRecorder {
  readonly #context: CaptureContext;
  readonly #publisher: Publisher;
  readonly #progress: SlotProgress;
  readonly #window: ProgressWindow;

  constructor(context: CaptureContext, publisher: Publisher, progress: SlotProgress) {
    this.#context = context;
    this.#publisher = publisher;
    this.#progress = progress;
    this.#window = new ProgressWindow(context.epoch);
  }

  confirmed(marks: readonly CommitMark[]): void {
    for (const mark of marks) this.#window.add(mark);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (await pause(INTERVAL_MS, signal)) this.#record(() => {});
  }

  /** Resolves when everything that was pushed so far is confirmed and recorded. */
  async finish(): Promise<void> {
    await new Promise<void>((resolve) => this.#publisher.push({ whenConfirmed: resolve }));
    await new Promise<void>((resolve) => this.#record(resolve));
  }

  #record(onRecorded: () => void): void {
    const { pipeline, nowMs } = this.#context;
    const { events, ends } = this.#window.take(nowMs());
    if (ends.length === 0) {
      onRecorded();
      return;
    }
    const topic = progressTopic(pipeline);
    for (const event of events) {
      this.#publisher.push({
        record: { topic, partition: 0, key: event.table, value: JSON.stringify(event) },
      });
    }
    this.#publisher.push({
      whenConfirmed: () => {
        for (const { endLsn, hasRows } of ends) this.#progress.published(endLsn, hasRows);
        onRecorded();
      },
    });
  }
}
