import { logistic, orNeutral, type Scorer } from './scorer.ts';

/**
 * days_since_login, logins_30d, purchases_90d, support_tickets_90d, account_age_days. Who stayed away, bought nothing and
 * asked for help often is likely to leave; long custom makes it less likely.
 */
export const churnScorer: Scorer = {
  features: 5,
  score(row) {
    const daysAway = Math.max(orNeutral(row[0], 7), 0);
    const logins = Math.max(orNeutral(row[1], 5), 0);
    const purchases = Math.max(orNeutral(row[2], 2), 0);
    const tickets = Math.max(orNeutral(row[3], 0), 0);
    const ageDays = Math.max(orNeutral(row[4], 365), 0);
    return logistic(
      -1.6 +
        Math.min(daysAway, 120) * 0.045 -
        Math.min(logins, 20) * 0.12 -
        Math.min(purchases, 10) * 0.3 +
        Math.min(tickets, 8) * 0.45 -
        Math.min(ageDays, 1_460) * 0.0006,
    );
  },
};
