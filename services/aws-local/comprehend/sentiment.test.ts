import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEXICONS, type SentimentLanguage } from './lexicons/all.ts';
import { sentimentFrom, sentimentOf } from './sentiment.ts';

const LANGUAGES = Object.keys(LEXICONS) as SentimentLanguage[];
const SEED = 20_261_121;

const JUDGED: readonly (readonly [SentimentLanguage, praise: string, complaint: string])[] = [
  ['ar', 'الجودة ممتازة والتوصيل سريع، أنصح به.', 'خيبة أمل كبيرة، وصل مكسورًا ورائحته كريهة.'],
  [
    'de',
    'Hervorragende Qualität, schnelle Lieferung, sehr zufrieden.',
    'Leider enttäuscht: nach zwei Tagen kaputt.',
  ],
  [
    'en',
    'Excellent quality, quick delivery, very pleased.',
    'Terrible: it broke after two days and support was rude.',
  ],
  ['es', 'Excelente calidad y envío rápido, lo recomiendo.', 'Una decepción: llegó roto y huele fatal.'],
  [
    'fr',
    'Excellente qualité, livraison rapide, je recommande.',
    'Très déçu : cassé à la livraison, service horrible.',
  ],
  ['hi', 'गुणवत्ता शानदार है, बहुत अच्छा और मज़बूत।', 'बहुत खराब, दो दिन में टूट गया, पैसे बर्बाद।'],
  [
    'it',
    'Qualità eccellente, spedizione veloce, ottimo acquisto.',
    'Che delusione: arrivato rotto, pessimo servizio.',
  ],
  ['ja', '品質が素晴らしく、とても満足しています。', 'すぐに壊れました。最悪です。返品します。'],
  ['ko', '품질이 정말 훌륭하고 배송도 빨라서 만족합니다.', '이틀 만에 고장 났고 냄새가 심해서 실망했습니다.'],
  [
    'pt',
    'Qualidade excelente, entrega rápida, recomendo muito.',
    'Péssimo: chegou quebrado e ninguém responde.',
  ],
  ['zh', '质量很好，发货很快，非常满意。', '太失望了，收到就是坏的，味道非常难闻。'],
  ['zh-TW', '品質很棒，出貨很快，非常滿意。', '太失望了，收到就壞了，味道非常難聞。'],
];

describe.each(JUDGED)('%s', (language, praise, complaint) => {
  test('praise is positive, complaint is negative', () => {
    expect(sentimentOf(praise, language).Sentiment).toBe('POSITIVE');
    expect(sentimentOf(complaint, language).Sentiment).toBe('NEGATIVE');
  });

  test('both in one text is mixed, and neither is neutral', () => {
    expect(sentimentOf(`${praise} ${complaint}`, language).Sentiment).toBe('MIXED');
    expect(sentimentOf('12 × 30 cm', language).Sentiment).toBe('NEUTRAL');
  });
});

test('all twelve languages are tried above', () => {
  expect(JUDGED.map(([language]) => language)).toEqual(
    LANGUAGES.toSorted((one, other) => (one < other ? -1 : 1)),
  );
});

test.each([
  ['en', 'Not good at all.', 'NEGATIVE'],
  ['en', 'Nothing rattles.', 'POSITIVE'],
  ['en', 'No. Great quality!', 'POSITIVE'],
  ['de', 'Das ist nicht gut.', 'NEGATIVE'],
  ['hi', 'यह अच्छा नहीं है।', 'NEGATIVE'],
  ['ja', '良くないです。', 'NEGATIVE'],
  ['zh', '不满意', 'NEGATIVE'],
  ['fr', '👎', 'NEGATIVE'],
] as const)('%s: "%s" is %s', (language, text, label) => {
  expect(sentimentOf(text, language).Sentiment).toBe(label);
});

test('any text in any language has four scores of a probability that sum to 1, the label has the greatest, and always the same', () => {
  const words = LANGUAGES.flatMap((language) => LEXICONS[language].positive.split(/\s+/).slice(0, 20));
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((list) => list.join(' ')),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(...LANGUAGES), (written, language) => {
      const judged = sentimentOf(written, language);
      const { Positive, Negative, Neutral, Mixed } = judged.SentimentScore;
      const scores = [Positive, Negative, Neutral, Mixed];
      for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 9);
      const byLabel = { POSITIVE: Positive, NEGATIVE: Negative, NEUTRAL: Neutral, MIXED: Mixed };
      expect(byLabel[judged.Sentiment]).toBe(Math.max(...scores));
      expect(sentimentOf(written, language)).toEqual(judged);
    }),
    { seed: SEED, numRuns: 400 },
  );
});

test('more praise is surer praise, up to a point', () => {
  const sure = [1, 2, 3].map((praise) => sentimentFrom(praise, 0).SentimentScore.Positive);
  expect(sure).toEqual(sure.toSorted((one, other) => one - other));
  expect(sentimentFrom(1e9, 0).SentimentScore.Positive).toBeLessThanOrEqual(1);
});
