// Which of two enrichments that may have changed places is which.
import { expect, test } from 'vitest';
import type { Definition } from './definition.ts';
import { changed, parse } from './fixtures/small-definition.ts';
import { broughtBack, changedBeforeExchange, definitionInForce } from './in-force.ts';
import { revisionContent } from './revision.ts';

const SHADOW = `  fraud_shadow:
    from: transactions
    model: { kind: sagemaker, endpoint: fraud-next, version: "2" }
    input: [amount]
    output: { score: float }
`;

function read(text: string): Definition {
  const { definition } = parse(text);
  if (definition === undefined) throw new Error('the definition cannot be read');
  return definition;
}

const WRITTEN = read(changed('  sentiment:\n', `${SHADOW}  sentiment:\n`));
const ALONE = read(changed('', ''));
const shaOf = (name: string) => ({ sha256: revisionContent(WRITTEN, name).sha256 });
const BEFORE = new Map([
  ['fraud', shaOf('fraud')],
  ['fraud_shadow', shaOf('fraud_shadow')],
]);
const AFTER = new Map([
  ['fraud', shaOf('fraud_shadow')],
  ['fraud_shadow', shaOf('fraud')],
]);
const CUT_OVER = new Set(['fraud']);

test('before a cut-over the file is in force, and after it with the two exchanged', () => {
  expect(definitionInForce(WRITTEN, BEFORE)).toBe(WRITTEN);
  const { enrichments } = definitionInForce(WRITTEN, AFTER);
  expect(enrichments.fraud).toBe(WRITTEN.enrichments.fraud_shadow);
  expect(enrichments.fraud_shadow).toBe(WRITTEN.enrichments.fraud);
  expect(enrichments.sentiment).toBe(WRITTEN.enrichments.sentiment);
});

test('a file that was changed after the cut-over is in force as it is', () => {
  const exchanged = definitionInForce(WRITTEN, AFTER);
  expect(definitionInForce(exchanged, AFTER)).toBe(exchanged);
  expect(broughtBack(exchanged, AFTER, CUT_OVER)).toEqual([]);
  expect(broughtBack(WRITTEN, AFTER, CUT_OVER)).toEqual([]);
});

test('a file that only has the old model again would bring it back without a word', () => {
  expect(broughtBack(ALONE, AFTER, CUT_OVER)).toEqual(['fraud']);
  // A shadow that was taken away before it ever counted is nothing to ask about.
  expect(broughtBack(ALONE, BEFORE, new Set())).toEqual([]);
});

test('what was cut over is changed in the file only after the two were exchanged there', () => {
  const edited = changed('  sentiment:\n', `${SHADOW}  sentiment:\n`).replace(
    'fraud-xgboost',
    'fraud-edited',
  );
  const before = read(edited);
  expect(before.enrichments.fraud).not.toEqual(WRITTEN.enrichments.fraud);
  expect(definitionInForce(before, AFTER)).toBe(before);
  expect(changedBeforeExchange(before, AFTER, CUT_OVER)).toEqual(['fraud']);
  expect(changedBeforeExchange(WRITTEN, AFTER, CUT_OVER)).toEqual([]);
  // A new model in the shadow's place, once the two are exchanged.
  const { fraud, fraud_shadow: shadow } = before.enrichments;
  if (fraud === undefined || shadow === undefined) throw new Error('the definition has both');
  const exchanged = { ...before, enrichments: { ...before.enrichments, fraud: shadow, fraud_shadow: fraud } };
  expect(changedBeforeExchange(exchanged, AFTER, CUT_OVER)).toEqual([]);
  // Whoever never had a cut-over may write a model twice.
  expect(changedBeforeExchange(before, AFTER, new Set())).toEqual([]);
});
