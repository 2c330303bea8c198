// Asks services, database and Kafka, and puts what they say together. A part that is slow or away keeps its last value or
// shows none: the view itself never waits for one.
import type { DatabaseReadings, SlotReading } from './database-readings.ts';
import { Figures, toReading } from './figures.ts';
import type { HopLag, KafkaReadings } from './kafka-readings.ts';
import { readService, type ServiceReading } from './service-readings.ts';
import type { PartView, RowTable, ServiceView, Snapshot } from './snapshot.ts';

/** One process as its supervisor sees it. */
export interface ObservedService {
  readonly name: string;
  readonly port: number | undefined;
  readonly restarts: number;
  /** How it last ended, as in "ended with status 70". */
  readonly lastEnd: string | undefined;
  readonly condition: 'running' | 'restarting' | 'given up';
  /** False: it has no telemetry, and running is all there is to know. */
  readonly isObserved: boolean;
}

export interface CollectorSettings {
  readonly parts: readonly PartView[];
  services(): readonly ObservedService[];
  notice(): string | undefined;
  readonly database: DatabaseReadings;
  readonly kafka: KafkaReadings;
  readonly isDemo: boolean;
  /** When the command began, on the clock of performance.now(). */
  readonly startedAtMs: number;
}

/** Fewer rows than these are on their way in any second of ordinary traffic. */
const BACKLOG_ROWS = 100;

export class Collector {
  readonly figures = new Figures();
  readonly #settings: CollectorSettings;
  readonly #slot: Latest<SlotReading | undefined>;
  readonly #lag: Latest<readonly HopLag[]>;
  readonly #flagged: Latest<RowTable>;
  readonly #reviews: Latest<RowTable | undefined>;
  #firstScoreAtMs: number | undefined;

  constructor(settings: CollectorSettings) {
    this.#settings = settings;
    this.#slot = new Latest(() => settings.database.slot());
    this.#lag = new Latest(() => settings.kafka.lag());
    this.#flagged = new Latest(() => settings.database.flagged(settings.isDemo));
    this.#reviews = new Latest(() => settings.database.reviews(settings.isDemo));
  }

  /** From the command to the first result that stood beside its row. */
  get firstScoreMs(): number | undefined {
    return this.#firstScoreAtMs === undefined ? undefined : this.#firstScoreAtMs - this.#settings.startedAtMs;
  }

  async services(): Promise<readonly ServiceView[]> {
    return (await this.#readServices()).map(({ view }) => view);
  }

  async collect(): Promise<Snapshot> {
    for (const latest of this.#questions) latest.refresh();
    const services = await this.#readServices();
    const nowMs = performance.now();
    this.figures.add(
      toReading(
        nowMs,
        services.map(({ reading }) => reading?.samples ?? []),
      ),
    );
    if (this.figures.totals.written > 0) this.#firstScoreAtMs ??= nowMs;
    const waitingRows = this.#lag.value?.reduce((sum, { records }) => sum + records, 0);
    if (waitingRows !== undefined && waitingRows < BACKLOG_ROWS) this.figures.passBacklog();
    return {
      elapsedMs: nowMs - this.#settings.startedAtMs,
      parts: this.#settings.parts,
      services: services.map(({ view }) => view),
      rates: this.figures.rates,
      latency: this.figures.latency,
      lag: {
        slotBytes: this.#slot.value?.lagBytes,
        rows: waitingRows,
      },
      flagged: this.#flagged.value ?? { columns: [], rows: [] },
      reviews: this.#reviews.value,
      notice: this.#settings.notice(),
      isDemo: this.#settings.isDemo,
    };
  }

  /** Waits for the questions under way, so that no connection is used after its end. */
  async settle(): Promise<void> {
    await Promise.all(this.#questions.map((latest) => latest.settled()));
  }

  get #questions(): readonly Pick<Latest<unknown>, 'refresh' | 'settled'>[] {
    return [this.#slot, this.#lag, this.#flagged, this.#reviews];
  }

  async #readServices(): Promise<readonly { view: ServiceView; reading: ServiceReading | undefined }[]> {
    return await Promise.all(
      this.#settings.services().map(async (service) => {
        const { port, isObserved } = service;
        const reading = port === undefined || !isObserved ? undefined : await readService(port);
        return { view: viewOf(service, reading), reading };
      }),
    );
  }
}

/** Pure: what a supervisor and the service itself say, as one state. */
export function viewOf(service: ObservedService, reading: ServiceReading | undefined): ServiceView {
  const { name, port, restarts, condition } = service;
  const view = (state: ServiceView['state'], detail?: string): ServiceView => ({
    name,
    port,
    restarts,
    state,
    detail,
  });
  if (condition === 'given up') return view('stopped', service.lastEnd);
  if (condition === 'restarting') return view('restarting', service.lastEnd);
  if (!service.isObserved) return view('ready');
  if (port === undefined) return view('starting');
  if (reading === undefined) return view('not ready', 'does not answer');
  if (reading.isReady) return view('ready');
  const reasons = Object.entries(reading.missing);
  if (reasons.every(([, reason]) => reason === 'starting')) return view('starting');
  return view('not ready', reasons.map(([what, reason]) => `${what}: ${reason}`).join('; '));
}

/** The newest answer to a question that is asked again and again, one at a time. */
class Latest<Answer> {
  readonly #ask: () => Promise<Answer>;
  #value: Answer | undefined;
  #pending: Promise<void> | undefined;

  constructor(ask: () => Promise<Answer>) {
    this.#ask = ask;
  }

  get value(): Answer | undefined {
    return this.#value;
  }

  refresh(): void {
    this.#pending ??= this.#ask()
      .then(
        (answer) => {
          this.#value = answer;
        },
        () => {
          this.#value = undefined; // away: better nothing than what was true once
        },
      )
      .finally(() => {
        this.#pending = undefined;
      });
  }

  async settled(): Promise<void> {
    await this.#pending;
  }
}
