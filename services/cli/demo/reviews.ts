// What is written: reviews composed from phrases, mostly short, sometimes very long.
import type { Habits } from './customers.ts';
import { CATEGORIES } from './merchants.ts';
import type { ReviewRow, TransactionRow } from './operations.ts';
import { LANGUAGES } from './phrases/languages.ts';
import type { Phrases, Sentiment } from './phrases/phrases.ts';
import type { Random } from './random.ts';

/** Above this PostgreSQL keeps the body out of line even after compressing it. */
export const LONG_BODY_BYTES = 8_192;
const LONGEST_BODY_BYTES = 30_000;

/** A review of `bought`, or undefined where nobody reviews such a thing. */
export function review(
  random: Random,
  habits: Habits,
  bought: TransactionRow,
  at: Date,
): ReviewRow | undefined {
  const { products } = CATEGORIES[bought.merchant_category];
  if (products.length === 0) return undefined;
  const sentiment = random.weighted<Sentiment>([
    ['positive', 58],
    ['negative', 20],
    ['mixed', 13],
    ['neutral', 9],
  ]);
  const phrases = phrasesOf(habits.language);
  return {
    product_name: random.pick(products),
    rating: ratingFor(random, sentiment, habits.mood),
    language: languageColumn(random, phrases),
    title: random.chance(0.2) ? null : random.pick(phrases.titles[sentiment]),
    body: bodyFor(random, phrases, sentiment),
    helpful_votes: 0,
    created_at: at,
  };
}

/** The text again, with something to add; the sentiment may have turned since. */
export function editedBody(random: Random, language: string, body: string): string {
  const phrases = phrasesOf(language);
  const addition = random.pick([...phrases.likes, ...phrases.dislikes, ...phrases.facts]);
  return `${body}${phrases.space}${fill(random, addition)}`;
}

function ratingFor(random: Random, sentiment: Sentiment, mood: number): number {
  const usual = {
    positive: random.chance(0.75) ? 5 : 4,
    negative: random.chance(0.6) ? 1 : 2,
    mixed: 3,
    neutral: 3,
  };
  const swayed = random.chance(0.3) ? usual[sentiment] + mood : usual[sentiment];
  return Math.min(5, Math.max(1, swayed));
}

/** Mostly what the customer chose, sometimes nothing, now and then another language than the text's. */
function languageColumn(random: Random, phrases: Phrases): string | null {
  if (random.chance(0.08)) return null;
  if (random.chance(0.01)) return 'en';
  return random.chance(0.85) ? phrases.tags[0] : random.pick(phrases.tags);
}

function bodyFor(random: Random, phrases: Phrases, sentiment: Sentiment): string {
  const length = random.weighted([
    ['brief', 10],
    ['typical', 87],
    ['diary', 3],
  ]);
  if (length === 'brief') return random.pick(phrases.brief[sentiment]);
  const typical = typicalBody(random, phrases, sentiment);
  return length === 'typical' ? typical : `${typical}\n\n${diary(random, phrases)}`;
}

function typicalBody(random: Random, phrases: Phrases, sentiment: Sentiment): string {
  const sentences: string[] = [];
  if (random.chance(0.8)) sentences.push(random.pick(phrases.openings));
  if (sentiment === 'positive' || sentiment === 'mixed') sentences.push(...some(random, phrases.likes));
  if (sentiment === 'mixed') sentences.push(phrases.turn);
  if (sentiment === 'negative' || sentiment === 'mixed') sentences.push(...some(random, phrases.dislikes));
  if (sentiment === 'neutral' || random.chance(0.3)) sentences.push(...some(random, phrases.facts));
  if (random.chance(0.7)) sentences.push(random.pick(phrases.closings[sentiment]));
  return sentences.map((sentence) => fill(random, sentence)).join(phrases.space);
}

/** Day after day with numbers in it: text that does not compress to nothing. */
function diary(random: Random, phrases: Phrases): string {
  const wantedBytes = Math.min(LONGEST_BODY_BYTES, LONG_BODY_BYTES + random.logNormal(5_000, 0.6));
  const entries: string[] = [];
  let bytes = 0;
  for (let day = 1; bytes < wantedBytes; day += random.integer(1, 3)) {
    const entry = random
      .pick(phrases.diary)
      .replaceAll('{n}', String(day))
      .replaceAll('{m}', (random.unit() * 90).toFixed(2))
      .replaceAll('{code}', printedCode(random));
    const remark = random.chance(0.4) ? `${phrases.space}${fill(random, random.pick(phrases.facts))}` : '';
    entries.push(entry + remark);
    bytes += Buffer.byteLength(entry + remark) + 1;
  }
  return entries.join('\n');
}

function some(random: Random, sentences: readonly string[]): readonly string[] {
  const first = random.pick(sentences);
  const second = random.pick(sentences);
  return first === second || random.chance(0.35) ? [first] : [first, second];
}

function fill(random: Random, sentence: string): string {
  return sentence.replaceAll('{n}', () => String(random.integer(2, 9)));
}

function printedCode(random: Random): string {
  const part = (): string => random.integer(0, 0xffffff).toString(36).toUpperCase();
  return `${part()}-${part()}`;
}

function phrasesOf(language: string): Phrases {
  const phrases = LANGUAGES[language] ?? LANGUAGES.en;
  if (phrases === undefined) throw new RangeError(`no phrases in ${language}`);
  return phrases;
}
