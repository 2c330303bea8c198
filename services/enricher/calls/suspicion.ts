// A row may end the container that reads it: then the model looks away whenever this row is asked about, and only then.

const STRIKES_MIN = 3;
/** How often chance alone may make a row look like that: a model that fails half of its calls is asked for millions of rows. */
const CHANCE_MAX = 0.000_001;
/** Fewer calls are no statistics: what is wanting counts as answered. */
const REMEMBERED_MIN = 10;
const REMEMBERED_MAX = 100;

/** Of the last first attempts, how many were answered: what a call that is no suspect may expect. */
export class Availability {
  #answered: boolean[] = [];

  first(answered: boolean): void {
    this.#answered.push(answered);
    if (this.#answered.length > REMEMBERED_MAX) this.#answered.shift();
  }

  /** How many strikes make a suspect, whose own first failure is among those remembered: three, and more while others fail too. */
  get strikesNeeded(): number {
    const failed = this.#answered.filter((answered) => !answered).length;
    const chance = Math.max(0, failed - 1) / Math.max(this.#answered.length, REMEMBERED_MIN);
    if (chance === 0) return STRIKES_MIN;
    return Math.max(STRIKES_MIN, Math.ceil(Math.log(CHANCE_MAX) / Math.log(chance)));
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

  /**
   * One more failure shows which of the halves it was. A row alone has to earn all strikes itself: with so many halves one
   * of them fails by chance while the model fails many.
   */
  ofHalf(rows: number, strikesNeeded: number): Suspicion {
    return new Suspicion(rows > 1 ? strikesNeeded - 1 : 0, this.#successesSeen);
  }
}
