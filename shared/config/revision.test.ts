import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Definition, Enrichment } from './definition.ts';
import { parseDefinition } from './parse.ts';
import { equallyAskingRevisions, policyVersion, revisionContent } from './revision.ts';

const SHIPPED = readFileSync(new URL('./fixtures/full.yaml', import.meta.url), 'utf8');

function definitionOf(text: string): Definition {
  const { definition, mistakes } = parseDefinition(text, 'full.yaml', {});
  if (definition === undefined) throw new Error(JSON.stringify(mistakes));
  return definition;
}

function enrichment(name: string, text = SHIPPED): Enrichment {
  const found = definitionOf(text).enrichments[name];
  if (found === undefined) throw new Error(`no enrichment ${name}`);
  return found;
}

const revision = (name: string, text = SHIPPED): string => revisionContent(definitionOf(text), name).sha256;

test.each([
  ['fraud', 'kind == "purchase"', 'kind == "refund"'],
  ['fraud', 'table: public.transactions', 'table: public.payments'],
  ['fraud', ':-fraud-xgboost', ':-fraud-other'],
  ['fraud', '"2026-10"', '"2026-11"'],
  ['fraud', '- attempts_10m\n      - card_present', '- card_present\n      - attempts_10m'],
  ['fraud', 'score: float', 'score: float, score2: float'],
  ['fraud', 'flag: score >= 0.9', 'flag: score >= 0.8'],
  ['fraud', '- review: score >= 0.7', '- review: score >= 0.6'],
  ['sentiment', 'fallback: en', 'fallback: de'],
  ['embedding', 'dimensions: 1024', 'dimensions: 512'],
])('%s: %j as %j is another revision', (name, from, to) => {
  expect(revision(name, SHIPPED.replace(from, to))).not.toBe(revision(name));
});

test.each([
  ['fraud', 'batch: { rows: 100, wait: 10ms }', 'batch: { rows: 50, wait: 1s }'],
  ['sentiment', 'rate: 10/s', 'rate: 20/s'],
  ['churn', 'every: 7d', 'every: 1d'],
  ['fraud', 'daily_usd: 25', 'daily_usd: 50'],
  ['fraud', '      format: csv\n', ''],
  [
    'sentiment',
    '{ column: language, detect: when_missing, fallback: en }',
    '{ fallback: en, column: language }',
  ],
])('%s: %j as %j changes no outcome', (name, from, to) => {
  const text = SHIPPED.replace(from, to);
  expect(text).not.toBe(SHIPPED);
  expect(revision(name, text)).toBe(revision(name));
});

test.each([
  ['timeout: 10s', 'timeout: 20s', true],
  ['memory_mb: 512', 'memory_mb: 1024', true],
  ['memory_mb: 512', 'memory_mb: 512, architecture: arm64', true],
  ['function: score', 'function: other', false],
  ['function: score', 'function: score, qualifier: live', false],
])('of a function %j as %j: the same revision is %s', (from, to, isSame) => {
  const model = 'model: { kind: lambda, function: score, version: "1", timeout: 10s, memory_mb: 512 }';
  const sagemaker = /model:\n {6}kind: sagemaker[\s\S]*?batch: .*\n/;
  const text = SHIPPED.replace(sagemaker, `${model}\n`);
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  expect(revision('fraud', changed) === revision('fraud', text)).toBe(isSame);
});

test('the number of a revision does not move by itself: that would pay for every row again', () => {
  expect(revision('fraud')).toBe('85eed02004a9ea9b008e5858ea455a9f3b64c6e31017977be74ef8db4ee7c582');
  expect(policyVersion(enrichment('fraud'))).toBe('3f2ca39bb66f');
});

test('revisions ask equally when only flag, decide and the name of the source differ, or are gone; other model, input or filter is asking anew', () => {
  const revisions = [
    SHIPPED,
    SHIPPED.replace('flag: score >= 0.9', 'flag: score >= 0.8'),
    SHIPPED.replace('"2026-10"', '"2026-11"'),
    SHIPPED.replace('- attempts_10m\n      - card_present', '- card_present\n      - attempts_10m'),
    SHIPPED.replace('kind == "purchase"', 'kind == "refund"'),
    SHIPPED.replace(/ {4}flag: score >= 0\.9\n/, ''),
    SHIPPED.replace('  transactions:', '  purchases:').replaceAll('from: transactions', 'from: purchases'),
  ];
  expect(new Set(revisions).size).toBe(revisions.length);
  const contents = new Map(
    revisions.map((text, index): [number, unknown] => [
      index + 1,
      JSON.parse(revisionContent(definitionOf(text), 'fraud').json),
    ]),
  );
  expect(equallyAskingRevisions(contents, 2)).toEqual([1, 2, 6, 7]);
  expect(equallyAskingRevisions(contents, 3)).toEqual([3]);
});
