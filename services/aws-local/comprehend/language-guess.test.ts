import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guessLanguages } from './language-guess.ts';

test.each([
  ['ar', 'الجودة ممتازة مقارنة بالسعر والتوصيل سريع.'],
  ['de', 'Für den Preis bekommt man erstaunlich viel Qualität.'],
  ['en', 'The quality is far better than the price suggests.'],
  ['es', 'La calidad es estupenda para lo que cuesta.'],
  ['fr', 'La qualité est remarquable pour ce prix.'],
  ['hi', 'इस कीमत में गुणवत्ता शानदार है।'],
  ['it', 'La qualità è eccellente per questo prezzo.'],
  ['ja', 'この値段でこの品質は素晴らしいです。'],
  ['ko', '가격에 비해 품질이 정말 훌륭합니다.'],
  ['pt', 'A qualidade é excelente pelo preço e não faz barulho.'],
  ['zh', '这个价格能有这样的质量，真的很棒。'],
  ['zh-TW', '這個價錢有這樣的品質，真的很棒。'],
  ['nl', 'De kwaliteit is uitstekend voor deze prijs.'],
  ['pl', 'Jakość jest świetna jak na tę cenę.'],
  ['tr', 'Çok sağlam ve hiç ses yapmıyor.'],
  ['sv', 'Det är mycket bra och jag är nöjd med den.'],
  ['ru', 'Качество отличное за эту цену.'],
  ['uk', 'Якість чудова, і ціна гарна.'],
  ['el', 'Η ποιότητα είναι εξαιρετική.'],
  ['he', 'האיכות מעולה במחיר הזה.'],
  ['th', 'คุณภาพดีมากในราคานี้'],
  ['fa', 'کیفیت این محصول عالی است.'],
])('%s is guessed', (language, text) => {
  const [best] = guessLanguages(text);
  expect(best?.LanguageCode).toBe(language);
  expect(best?.Score).toBeGreaterThan(0.5);
});

test.each(['$$$$$$', '12.34', '👍👍', ' '])('"%s" has no language', (text) => {
  expect(guessLanguages(text)).toEqual([]);
});

test('a text of two languages names both, the greater part first', () => {
  const both = guessLanguages(
    'The quality is good and it is what I wanted to have. Nicht schlecht, aber teuer.',
  );
  expect(both.map(({ LanguageCode }) => LanguageCode).slice(0, 2)).toEqual(['en', 'de']);
});

test('words that say nothing leave a low score', () => {
  expect(guessLanguages('Xyzzy plugh')[0]?.Score).toBeLessThan(0.5);
});

test('any text: scores fall, sum to at most 1, and come again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const guessed = guessLanguages(text);
      const scores = guessed.map(({ Score }) => Score);
      expect(scores).toEqual(scores.toSorted((one, other) => other - one));
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeLessThanOrEqual(1 + 1e-6);
      for (const score of scores) expect(score > 0 && score <= 1).toBe(true);
      expect(guessLanguages(text)).toEqual(guessed);
    }),
    { seed: 20_261_121, numRuns: 400 },
  );
});
