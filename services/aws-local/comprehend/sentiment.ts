import { Judge } from './judge.ts';
import { LEXICONS, type SentimentLanguage } from './lexicons/all.ts';

export interface SentimentScore {
  readonly Positive: number;
  readonly Negative: number;
  readonly Neutral: number;
  readonly Mixed: number;
}

export interface Sentiment {
  readonly Sentiment: 'POSITIVE' | 'NEGATIVE' | 'NEUTRAL' | 'MIXED';
  readonly SentimentScore: SentimentScore;
}

const JUDGES = new Map<string, Judge>();

/** A stand-in for a trained model: it counts what the text praises and what it complains of. See docs/aws-local.md. */
export function sentimentOf(text: string, language: SentimentLanguage): Sentiment {
  let judge = JUDGES.get(language);
  if (judge === undefined) {
    judge = new Judge(LEXICONS[language]);
    JUDGES.set(language, judge);
  }
  const { praise, complaint } = judge.weigh(text);
  return sentimentFrom(praise, complaint);
}

/** Four scores that sum to 1, from how much praise and complaint there is. */
export function sentimentFrom(praise: number, complaint: number): Sentiment {
  // A long text with twenty kind words is hardly surer than one with five.
  const [good, bad] = [5 * Math.tanh(praise / 4), 5 * Math.tanh(complaint / 4)];
  const both = Math.min(good, bad);
  const weights = [
    Math.exp(1.5 * good - 2.4 * bad),
    Math.exp(1.5 * bad - 2.4 * good),
    Math.exp(0.9 - 1.2 * (good + bad)),
    Math.exp(both > 0 ? 1 + 1.3 * both - 0.4 * Math.abs(good - bad) : -3),
  ];
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const [positive = 0, negative = 0, neutral = 0] = weights.map((weight) => round(weight / sum));
  const score: SentimentScore = {
    Positive: positive,
    Negative: negative,
    Neutral: neutral,
    Mixed: round(Math.max(1 - positive - negative - neutral, 0)),
  };
  return { Sentiment: labelOf(score), SentimentScore: score };
}

function labelOf(score: SentimentScore): Sentiment['Sentiment'] {
  const { Positive, Negative, Neutral, Mixed } = score;
  const best = Math.max(Positive, Negative, Neutral, Mixed);
  if (best === Positive) return 'POSITIVE';
  if (best === Negative) return 'NEGATIVE';
  return best === Neutral ? 'NEUTRAL' : 'MIXED';
}

/** Seven digits, as a 32-bit model would print. */
function round(share: number): number {
  return Math.round(share * 1e7) / 1e7;
}
