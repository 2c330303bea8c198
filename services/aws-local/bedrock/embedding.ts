/** How a model hashes: another salt makes another space, as another model would be. */
export interface Space {
  readonly dimensions: number;
  readonly salt: number;
}

/** Every feature adds to this many places, so that vectors are dense and one collision matters little. */
const PLACES = 4;
const WORD_WEIGHT = 1;
const GRAM_WEIGHT = 0.35;
const PAIR_WEIGHT = 0.6;
/** Articles and the like are in every text and tell little. */
const SHORT_WORD_WEIGHT = 0.3;
const SHORT_WORD_LETTERS = 3;
const GRAM_LETTERS = 4;

/**
 * A stand-in for a trained model: words, pairs of words and the letters inside of them, hashed into a vector. Texts with
 * the same words are close, also where endings differ; it knows nothing of meaning. Not of unit length.
 */
export function rawEmbedding(text: string, space: Space): Float64Array {
  const vector = new Float64Array(space.dimensions);
  const lowered = text.toLowerCase();
  let start = -1;
  let before = 0;
  for (let place = 0; place <= lowered.length; place += 1) {
    const kind = place === lowered.length ? BREAK : kindOf(lowered.charCodeAt(place));
    if (kind === LETTER) {
      if (start < 0) start = place;
      continue;
    }
    if (start >= 0) before = addWord(vector, space, lowered, start, place, before);
    start = -1;
    if (kind === SIGN) before = addSign(vector, space, lowered.charCodeAt(place), before);
  }
  if (vector.every((value) => value === 0)) add(vector, hashOf(lowered, 0, lowered.length, space.salt), 1);
  return vector;
}

export function unitLength(vector: Float64Array): Float64Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
}

const [BREAK, LETTER, SIGN] = [0, 1, 2] as const;

function kindOf(unit: number): typeof BREAK | typeof LETTER | typeof SIGN {
  if (unit < 0x80) {
    return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) ? LETTER : BREAK;
  }
  if (unit < 0xc0 || (unit >= 0x2000 && unit < 0x2e80) || (unit >= 0x3000 && unit < 0x3040)) return BREAK;
  // Kana and Han stand for syllables and words by themselves.
  return (unit >= 0x3040 && unit <= 0x9fff) || (unit >= 0xd800 && unit < 0xe000) ? SIGN : LETTER;
}

function addWord(
  vector: Float64Array,
  space: Space,
  text: string,
  start: number,
  end: number,
  before: number,
): number {
  const length = end - start;
  const word = hashOf(text, start, end, space.salt);
  const weight = length <= SHORT_WORD_LETTERS ? SHORT_WORD_WEIGHT : WORD_WEIGHT;
  add(vector, word, weight);
  if (before !== 0) add(vector, mix(before ^ Math.imul(word, 31)), PAIR_WEIGHT * weight);
  for (let place = start; place + GRAM_LETTERS <= end && length > GRAM_LETTERS; place += 1) {
    add(vector, hashOf(text, place, place + GRAM_LETTERS, space.salt + 1), GRAM_WEIGHT);
  }
  return word;
}

function addSign(vector: Float64Array, space: Space, unit: number, before: number): number {
  const sign = mix(unit + space.salt);
  add(vector, sign, SHORT_WORD_WEIGHT);
  if (before !== 0) add(vector, mix(before ^ Math.imul(sign, 31)), PAIR_WEIGHT);
  return sign;
}

function add(vector: Float64Array, hash: number, weight: number): void {
  let state = hash;
  for (let count = 0; count < PLACES; count += 1) {
    state = mix(state + 0x9e3779b9);
    const place = (state >>> 1) % vector.length;
    vector[place] = (vector[place] ?? 0) + ((state & 1) === 0 ? weight : -weight);
  }
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string, start: number, end: number, salt: number): number {
  let hash = 0x811c9dc5 ^ salt;
  for (let place = start; place < end; place += 1)
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return mix(hash) || 1;
}

/** The finalizer of MurmurHash3: every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
