import type { Lexicon } from './lexicons/lexicon.ts';

export interface Weighed {
  readonly praise: number;
  readonly complaint: number;
}

const TERM_BEGIN_MIN = 2;
/** A negation reaches this many words on, but not beyond the end of its sentence. */
const NEGATION_REACH = 3;
/** "Not bad" is less than "good". */
const NEGATED_WEIGHT = 0.8;
const WORDS = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|[.!?;。！？।؟]/gu;
const PICTURES = /\p{Extended_Pictographic}/u;
const KIND_PICTURES = /[👍❤😊😍🥰😀😃😄😁🙂⭐🎉👏💯]/gu;
const UNKIND_PICTURES = /[👎😡😠😞😢😭💔🤮😤🙁☹]/gu;

/** Weighs the words of one language. */
export class Judge {
  readonly #lexicon: Lexicon;
  readonly #words = new Map<string, number>();
  readonly #beginnings = new Map<string, number>();
  /** Terms of joined scripts by their first letter, the longest first. */
  readonly #parts: ReadonlyMap<number, readonly { readonly term: string; readonly weight: number }[]>;
  readonly #negators: ReadonlySet<string>;
  readonly #negatorsAfter: readonly string[];
  readonly #longest: number;

  constructor(lexicon: Lexicon) {
    this.#lexicon = lexicon;
    for (const [terms, weight] of [
      [lexicon.positive, 1],
      [lexicon.negative, -1],
    ] as const) {
      for (const term of termsOf(terms)) {
        if (term.endsWith('*')) this.#beginnings.set(term.slice(0, -1), weight);
        else this.#words.set(term, weight);
      }
    }
    const parts = [...this.#words]
      .map(([term, weight]) => ({ term, weight }))
      .toSorted((one, other) => other.term.length - one.term.length);
    this.#parts = Map.groupBy(parts, ({ term }) => term.charCodeAt(0));
    this.#negators = new Set(termsOf(lexicon.negators));
    this.#negatorsAfter = termsOf(lexicon.negatorsAfter ?? '');
    this.#longest = Math.max(
      ...[...this.#words.keys(), ...this.#beginnings.keys()].map((term) => term.length),
    );
  }

  weigh(text: string): Weighed {
    const lowered = text.toLowerCase();
    const weighed = this.#lexicon.script === 'spaced' ? this.#weighWords(lowered) : this.#weighParts(lowered);
    if (!PICTURES.test(text)) return weighed;
    return {
      praise: weighed.praise + (text.match(KIND_PICTURES)?.length ?? 0),
      complaint: weighed.complaint + (text.match(UNKIND_PICTURES)?.length ?? 0),
    };
  }

  #weighWords(text: string): Weighed {
    const words = text.match(WORDS) ?? [];
    let praise = 0;
    let complaint = 0;
    let negatedUntil = -1;
    for (const [place, spelled] of words.entries()) {
      const word = spelled.includes('’') ? spelled.replaceAll('’', "'") : spelled;
      if (isSentenceEnd(word)) negatedUntil = -1;
      const weight = this.#weightOf(word);
      if (weight !== 0) {
        const next = [words[place + 1] ?? '', words[place + 2] ?? ''];
        const isNegated = place <= negatedUntil || next.some((later) => this.#negatorsAfter.includes(later));
        if (weight > 0 !== isNegated) praise += isNegated ? NEGATED_WEIGHT : 1;
        else complaint += isNegated ? NEGATED_WEIGHT : 1;
      }
      if (this.#negators.has(word)) negatedUntil = place + NEGATION_REACH;
    }
    return { praise, complaint };
  }

  #weightOf(word: string): number {
    const whole = this.#words.get(word);
    if (whole !== undefined) return whole;
    for (let length = Math.min(word.length, this.#longest); length >= TERM_BEGIN_MIN; length -= 1) {
      const weight = this.#beginnings.get(word.slice(0, length));
      if (weight !== undefined) return weight;
    }
    return 0;
  }

  /** The longest term that begins at each place. */
  #weighParts(text: string): Weighed {
    let praise = 0;
    let complaint = 0;
    for (let place = 0; place < text.length; place += 1) {
      const found = this.#parts.get(text.charCodeAt(place))?.find(({ term }) => text.startsWith(term, place));
      if (found === undefined) continue;
      const { term, weight } = found;
      const isNegated = this.#isNegatedPart(text, place, place + term.length);
      if (weight > 0 !== isNegated) praise += isNegated ? NEGATED_WEIGHT : 1;
      else complaint += isNegated ? NEGATED_WEIGHT : 1;
      place += term.length - 1;
    }
    return { praise, complaint };
  }

  #isNegatedPart(text: string, start: number, end: number): boolean {
    const before = text.slice(Math.max(start - 4, 0), start);
    for (const negator of this.#negators) {
      if (before.endsWith(negator) || before.endsWith(`${negator} `)) return true;
    }
    const after = text.slice(end, end + 6);
    return this.#negatorsAfter.some((negator) => after.includes(negator));
  }
}

function termsOf(terms: string): readonly string[] {
  return terms
    .trim()
    .split(/\s+/)
    .filter((term) => term !== '')
    .map((term) => term.replaceAll('_', ' '));
}

function isSentenceEnd(word: string): boolean {
  return word.length === 1 && '.!?;。！？।؟'.includes(word);
}
