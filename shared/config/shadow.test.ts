// <enrichment>_shadow runs beside <enrichment>; whatever else is called so is a mistake.
import { expect, test } from 'vitest';
import { BASE, changed, parse, told } from './fixtures/small-definition.ts';

const SHADOW = `  fraud_shadow:
    from: transactions
    model: { kind: sagemaker, endpoint: fraud-next, version: "2" }
    input: [amount]
    output: { score: float }
`;
const beside = (shadow: string): string => changed('  sentiment:\n', `${shadow}  sentiment:\n`);

test('a shadow is an enrichment like any other', () => {
  const { definition, mistakes } = parse(beside(SHADOW));
  expect(mistakes).toEqual([]);
  expect(Object.keys(definition?.enrichments ?? {})).toEqual(['fraud', 'fraud_shadow', 'sentiment']);
});

test.each([
  [
    beside(SHADOW.replace('fraud_shadow', 'fraud2_shadow')),
    '17:3 enrichments.fraud2_shadow: …_shadow runs beside the enrichment that it is named after, and there is no fraud2 -> fraud2, or another name',
  ],
  [
    beside(SHADOW.replace('from: transactions', 'from: reviews')),
    '18:11 enrichments.fraud_shadow.from: fraud, beside which it runs, takes its rows from transactions -> transactions',
  ],
  [
    beside(`${SHADOW}${SHADOW.replace('fraud_shadow', 'fraud_shadow_shadow')}`),
    '22:3 enrichments.fraud_shadow_shadow: fraud_shadow is a shadow itself -> one shadow, beside the enrichment that counts',
  ],
])('mistake %#', (text, mistake) => {
  expect(told(text)).toEqual([mistake]);
});

test('one whose enrichment has a mistake of its own is none', () => {
  const text = beside(SHADOW).replace('input: [amount]', 'input: []');
  expect(BASE).toContain('input: [amount]');
  expect(told(text)).toHaveLength(1);
});
