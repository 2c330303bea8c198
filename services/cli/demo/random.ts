// The demo's own randomness: a seed gives the same contents on every machine and in every version of Node.

export interface Random {
  /** At least 0, less than 1. */
  unit(): number;
  /** A whole number, both ends included. */
  integer(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Weights need not add up to one. */
  weighted<Item>(items: readonly (readonly [Item, number])[]): Item;
  /** Right-skewed as amounts and distances are: half of all values lie below `median`. */
  logNormal(median: number, spread: number): number;
}

/** Hashes any text to 32 bits (FNV-1a), so that a habit can hang on a stable name instead of on an order. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** xoshiro128**, its state filled by splitmix32 as its authors advise, so that neighbouring seeds share nothing. */
export function createRandom(seed: number): Random {
  let filler = seed >>> 0;
  const fill = (): number => {
    filler = (filler + 0x9e3779b9) >>> 0;
    let mixed = filler ^ (filler >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  let a = fill();
  let b = fill();
  let c = fill();
  let d = fill();

  const unit = (): number => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return scrambled / 0x1_0000_0000;
  };
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(unit() * items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  };
  return {
    unit,
    pick,
    integer: (from, to) => from + Math.floor(unit() * (to - from + 1)),
    chance: (probability) => unit() < probability,
    weighted(items) {
      let rest = unit() * items.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [item, weight] of items) {
        rest -= weight;
        if (rest < 0) return item;
      }
      return pick(items)[0];
    },
    logNormal(median, spread) {
      // Box and Muller; 1 - unit() is never zero, so the logarithm is finite.
      const normal = Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
      return median * Math.exp(spread * normal);
    },
  };
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
