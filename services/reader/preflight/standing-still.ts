import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import type { ServiceSettings } from '../../../shared/lifecycle/service-settings.ts';
import type { OpenTransaction } from '../../../shared/postgres/slots.ts';
import type { Decision, Halt } from './decide.ts';

/** Twice what the server needs to notice that an earlier reader is gone. */
const ALARM_AFTER_MS = 20_000;
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
    if (isNew) logger.info({ reason }, message);
    else if (forMs > ALARM_AFTER_MS && this.#isDue(ALARM_AFTER_MS)) {
      // Nothing is lost: a standby beside a living reader waits for ever, and rightly.
      logger.warn({ reason, waited_ms: Math.round(forMs) }, message);
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
    const age = Math.round(ageSeconds);
    const message = `A new slot waits for open write transactions: process ${pid} has been in one for ${age} s.`;
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
