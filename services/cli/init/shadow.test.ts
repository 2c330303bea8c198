// What set-up makes for a model that runs beside the one that counts.
import { expect, test } from 'vitest';
import { demoCatalog } from '../../../shared/config/fixtures/demo-catalog.ts';
import { parse } from '../../../shared/config/fixtures/small-definition.ts';
import { revisionContent } from '../../../shared/config/revision.ts';
import { freshState } from './fresh-state.test-support.ts';
import { planInit } from './plan.ts';
import { printSql } from './step.ts';

const text = (version: string): string => `version: 1
pipeline: shop
sources:
  transactions: { table: public.transactions }
enrichments:
  fraud:
    from: transactions
    model: { kind: sagemaker, endpoint: fraud, version: "${version}" }
    input: [amount]
    output: { score: float }
  fraud_shadow:
    from: transactions
    model: { kind: sagemaker, endpoint: fraud-next, version: "${version}" }
    input: [amount]
    output: { risk: float }
`;

function planned(version = '1', revisions = new Map<string, { revision: number; sha256: string }>()) {
  const { definition } = parse(text(version));
  if (definition === undefined) throw new Error('the definition cannot be read');
  return planInit({ definition }, freshState({ revisions }, demoCatalog));
}

test('a shadow has its own tables and topic, no column in the view, and no function', () => {
  const sql = printSql(planned());
  expect(sql).toContain('create table if not exists "afterglow"."fraud_shadow"');
  expect(sql).toContain('create topic shop.shadow.fraud,');
  expect(sql).toContain('create topic shop.dead.fraud_shadow,');
  expect(sql).toContain('"fraud_score"');
  expect(sql).not.toContain('fraud_shadow_risk');
  expect(sql).not.toContain('fraud_shadow_status');
});

test('a model and its shadow never share the number of a revision', () => {
  const numbersOf = (sql: string): readonly string[] =>
    Array.from(sql.matchAll(/^-- revision (\d+ of \w+)/gm), ([, number = '']) => number);
  expect(numbersOf(printSql(planned()))).toEqual(['1 of fraud', '2 of fraud_shadow']);
  const registered = new Map([
    ['fraud', { revision: 7, sha256: 'a' }],
    ['fraud_shadow', { revision: 5, sha256: 'b' }],
  ]);
  expect(numbersOf(printSql(planned('2', registered)))).toEqual(['8 of fraud', '9 of fraud_shadow']);
});

test('set-up refuses to let a changed file bring the old model back after a cut-over', () => {
  const { definition } = parse(text('1'));
  const { definition: edited } = parse(text('1').replace('input: [amount]', 'input: [amount, country]'));
  if (definition === undefined || edited === undefined) throw new Error('the definition cannot be read');
  const of = (name: string) => ({ revision: 1, sha256: revisionContent(definition, name).sha256 });
  const revisions = new Map([
    ['fraud', of('fraud_shadow')],
    ['fraud_shadow', of('fraud')],
  ]);
  const state = freshState({ revisions, cutOver: new Set(['fraud']) }, demoCatalog);
  expect(() => planInit({ definition }, state)).not.toThrow();
  expect(() => planInit({ definition: edited }, state)).toThrow('before the two were exchanged');
});
