import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { OpenTransaction } from '../../../shared/postgres/slots.ts';
import type { Decision, Halt } from './decide.ts';

/** Twice what the server needs to notice that an earlier reader is gone. */
const ALARM_AFTER_MS = 20_000;
/** Seldom, because nothing is wrong; and again, because whoever looks for it looks at the newest lines. */
const STANDBY_TELL_AGAIN_MS = 600_000;
const TELL_AGAIN_MS = 60_000;

type Wait = Extract<Decision, { action: 'wait' }>;

/** Says why nothing is streamed: in readiness at once and always, in the log once and then now and again. */
export class StandingStill {
  readonly #settings: Pick<ServiceSettings, 'telemetry' | 'logger'>;
  readonly #nowMs: () => number;
  #told = '';
  #sinceMs = 0;
  #toldAtMs = 0;

  constructor(settings: Pick<ServiceSettings, 'telemetry' | 'logger'>, nowMs = () => performance.now()) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  waits({ reason, message }: Wait): void {
    const { telemetry, logger } = this.#settings;
    telemetry.readiness.notReady('slot', message);
    const { isNew, forMs } = this.#tell(message);
    const waitedMs = Math.round(forMs);
    if (isNew) logger.info({ reason }, message);
    else if (reason === 'standby') {
      // Beside a living reader it waits for ever, and rightly.
      if (this.#isDue(STANDBY_TELL_AGAIN_MS)) logger.info({ reason, waited_ms: waitedMs }, message);
    } else if (forMs > ALARM_AFTER_MS && this.#isDue(ALARM_AFTER_MS)) {
      logger.warn({ reason, waited_ms: waitedMs }, message);
    }
  }

  halts({ code, message }: Halt): void {
    const { telemetry, logger } = this.#settings;
    const error = new AfterglowError(code, message);
    telemetry.readiness.notReady('slot', `${code}: ${message} ${error.remedy}`);
    const { isNew } = this.#tell(`${code} ${message}`);
    if (isNew || this.#isDue(TELL_AGAIN_MS)) logger.error({ code, remedy: error.remedy }, message);
  }

  slotWaits({ pid, transactionId, ageSeconds, application }: OpenTransaction): void {
    const { telemetry, logger } = this.#settings;
    const age = ageSeconds === undefined ? undefined : Math.round(ageSeconds);
    const since = age === undefined ? 'is in one' : `has been in one for ${age} s`;
    const message = `A new slot waits for open write transactions: process ${pid} ${since}.`;
    telemetry.readiness.notReady('slot', message);
    const { isNew } = this.#tell(`transaction ${transactionId}`);
    if (isNew || this.#isDue(ALARM_AFTER_MS)) {
      logger.warn({ pid, transaction_id: transactionId, age_seconds: age, application }, message);
    }
  }

  #tell(text: string): { isNew: boolean; forMs: number } {
    const nowMs = this.#nowMs();
    const isNew = text !== this.#told;
    if (isNew) {
      this.#told = text;
      this.#sinceMs = nowMs;
      this.#toldAtMs = nowMs;
    }
    return { isNew, forMs: nowMs - this.#sinceMs };
  }

  #isDue(everyMs: number): boolean {
    const nowMs = this.#nowMs();
    if (nowMs - this.#toldAtMs < everyMs) return false;
    this.#toldAtMs = nowMs;
    return true;
  }
}
