// Invented merchants and what people usually pay there, in US dollars.

export const MERCHANT_CATEGORIES = [
  'grocery',
  'fuel',
  'restaurant',
  'clothing',
  'electronics',
  'travel',
  'digital',
  'gambling',
  'cash',
] as const;
export type MerchantCategory = (typeof MERCHANT_CATEGORIES)[number];

export interface CategoryProfile {
  readonly medianUsd: number;
  /** Standard deviation of the logarithm: how far amounts lie from the median. */
  readonly spread: number;
  readonly cardPresentShare: number;
  /** Weight among a customer's favourites. */
  readonly popularity: number;
  /** Typical distance from home when the card is present. */
  readonly medianDistanceKm: number;
  readonly merchants: readonly string[];
  /** What a review of a purchase here is about; empty where nobody writes one. */
  readonly products: readonly string[];
}

export const CATEGORIES: Readonly<Record<MerchantCategory, CategoryProfile>> = {
  grocery: {
    medianUsd: 38,
    spread: 0.7,
    cardPresentShare: 0.93,
    popularity: 30,
    medianDistanceKm: 1.8,
    merchants: [
      'Marrowfield Grocers',
      'Tolvanne Markt',
      'Feldkorb',
      'Épicerie Maubrune',
      'Kisoroya',
      'Bazar Lomita',
    ],
    products: ['Vegetable box, weekly', 'Olive oil, 3 l tin', 'Coffee beans, 1 kg', 'Basmati rice, 5 kg'],
  },
  fuel: {
    medianUsd: 46,
    spread: 0.35,
    cardPresentShare: 0.99,
    popularity: 12,
    medianDistanceKm: 7,
    merchants: ['Kitarivi Fuel', 'Oltana Stations', 'Rodelund Tank', 'Gasolinera Vereda'],
    products: [],
  },
  restaurant: {
    medianUsd: 27,
    spread: 0.65,
    cardPresentShare: 0.85,
    popularity: 20,
    medianDistanceKm: 4,
    merchants: [
      'The Copper Ladle & Wren',
      'Nasi Pelangita',
      'Trattoria Brunelga',
      'Hanok Bapsang',
      'Zur Lindenmühlin',
    ],
    products: ['Dinner for two', 'Family lunch menu', 'Delivered noodle set'],
  },
  clothing: {
    medianUsd: 64,
    spread: 0.8,
    cardPresentShare: 0.45,
    popularity: 12,
    medianDistanceKm: 9,
    merchants: [
      'Thistle & Oriel',
      'Nordavind Wear',
      'Camisería Almendral',
      'Sutra Loomhouse',
      'Atelier Vauquelin-Roy',
    ],
    products: [
      'Rain jacket, lined',
      'Merino socks, 5 pairs',
      'Linen shirt',
      'Walking boots',
      'Wool scarf, grey',
    ],
  },
  electronics: {
    medianUsd: 145,
    spread: 1.0,
    cardPresentShare: 0.35,
    popularity: 9,
    medianDistanceKm: 12,
    merchants: ['Voltbarn', 'Quillon Devices', 'Hertzkontor', 'Denki Komorebi', 'Circuito Aldaba'],
    products: [
      'Headphones, over-ear',
      'Desk lamp, dimmable',
      'Power bank, 20 Ah',
      'Kettle, 1.5 l',
      'Wireless keyboard',
      'Robot vacuum',
      'Phone case, clear',
      'Smart thermostat',
    ],
  },
  travel: {
    medianUsd: 310,
    spread: 0.9,
    cardPresentShare: 0.3,
    popularity: 4,
    medianDistanceKm: 900,
    merchants: ['Farhaven Rail', 'Alizé Nordique Voyages', 'Samudra Ferries', 'Pension Silberdistel'],
    products: ['Backpack, 28 l', 'Two nights with breakfast', 'Carry-on suitcase', 'Travel adapter set'],
  },
  digital: {
    medianUsd: 11,
    spread: 0.55,
    cardPresentShare: 0,
    popularity: 16,
    medianDistanceKm: 0,
    merchants: ['Inkwren Reads', 'Pixelmoth Games', 'Cadenza Stream Club', 'Nimbuskiste Storage'],
    products: ['Audio book, unabridged', 'Puzzle game', 'Cloud storage, yearly', 'Language course'],
  },
  gambling: {
    medianUsd: 35,
    spread: 1.1,
    cardPresentShare: 0.1,
    popularity: 2,
    medianDistanceKm: 30,
    merchants: ['Lucky Heron Tables', 'Rouge & Kestrel'],
    products: [],
  },
  cash: {
    medianUsd: 100,
    spread: 0.5,
    cardPresentShare: 1,
    popularity: 6,
    medianDistanceKm: 3,
    merchants: ['Cash machine, Quayside', 'Bankomat Altes Tor', 'Cajero Plaza Luneta', 'ATM 2-chome'],
    products: [],
  },
};

/** Card testers like shops that deliver at once and ask little. */
export const ATTACKED_MERCHANTS: readonly string[] = CATEGORIES.digital.merchants;
