// A row may end the container that reads it: then the model looks away whenever this row is asked about, and only then.

const STRIKES_MIN = 3;
const STRIKES_MAX = 10;
/** How often chance alone may make a batch look like that. */
const CHANCE_MAX = 0.001;
/** Taken as answered before anything was: two calls are no statistics. */
const ANSWERED_BEFORE = 10;
const REMEMBERED = 50;

/** Of the last first attempts, how many were answered: what a call that is no suspect may expect. */
export class Availability {
  #answered: boolean[] = [];

  first(answered: boolean): void {
    this.#answered.push(answered);
    if (this.#answered.length > REMEMBERED) this.#answered.shift();
  }

  /** How many strikes make a suspect: three, and more while the model fails many others too. */
  get strikesNeeded(): number {
    const failed = this.#answered.filter((answered) => !answered).length;
    const chance = failed / (this.#answered.length + ANSWERED_BEFORE);
    if (chance === 0) return STRIKES_MIN;
    const needed = Math.ceil(Math.log(CHANCE_MAX) / Math.log(chance));
    return Math.min(STRIKES_MAX, Math.max(STRIKES_MIN, needed));
  }
}

/** How often a batch failed while others were answered. */
export class Suspicion {
  #strikes: number;
  #successesSeen: number;

  constructor(strikes = 0, successesSeen = -1) {
    this.#strikes = strikes;
    this.#successesSeen = successesSeen;
  }

  /** The batch failed again; `successes` counts the answered calls of the model so far. */
  failed(successes: number): void {
    // Without an answer to anybody in between, the model was simply still away.
    if (successes <= this.#successesSeen) return;
    this.#strikes++;
    this.#successesSeen = successes;
  }

  isConfirmed(strikesNeeded: number): boolean {
    return this.#strikes >= strikesNeeded;
  }

  /** One more failure shows which of the halves it was. */
  ofHalf(strikesNeeded: number): Suspicion {
    return new Suspicion(strikesNeeded - 1, this.#successesSeen);
  }
}
