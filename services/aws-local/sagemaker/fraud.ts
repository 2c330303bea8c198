import { logistic, orNeutral, type Scorer } from './scorer.ts';

// grocery, fuel, restaurant, clothing, electronics, travel, digital, gambling, cash
const CATEGORY_WEIGHT = [-1, -0.6, -0.5, 0, 1, 0.4, 0.7, 1.8, 1];

/**
 * amount, attempts_10m, card_present, hour_utc, distance_km (-1: unknown), category code. Card testing is many attempts
 * with small amounts and no card; next to it a risky category, the night, a place far from home, and a large amount
 * each add a little, so that only several of them together reach 0.9.
 */
export const fraudScorer: Scorer = {
  features: 6,
  score(row) {
    const amount = Math.max(orNeutral(row[0], 40), 0);
    const attempts = Math.max(orNeutral(row[1], 1), 1);
    const absent = orNeutral(row[2], 1) >= 0.5 ? 0 : 1;
    const hour = orNeutral(row[3], 12);
    const distanceKm = Math.max(orNeutral(row[4], -1), 0);
    const category = CATEGORY_WEIGHT[orNeutral(row[5], 3)] ?? 0;

    const repeated = Math.min(attempts - 1, 8);
    const small = Math.exp(-amount / 25);
    const night = hour < 5 || hour >= 23 ? 1 : 0;
    const far = Math.min(Math.log1p(distanceKm / 100), 4.5);
    const large = Math.min(Math.log1p(amount / 200), 3);
    return logistic(
      -4.8 +
        1.1 * absent +
        repeated * (0.25 + absent * small) +
        category +
        1.3 * night +
        0.75 * far +
        0.9 * large +
        // Abroad at night, or a risky purchase without the card: together they say more than their sum.
        0.5 * night * far +
        0.9 * absent * Math.max(category, 0),
    );
  },
};
