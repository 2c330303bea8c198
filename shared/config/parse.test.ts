// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the file takes values from the environment.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BASE, changed, parse, told } from './fixtures/small-definition.ts';
import { formatMistakes } from './mistake.ts';

test('the shipped definition and the full example are right, and every default is filled in', () => {
  for (const path of ['../../afterglow.yaml', './fixtures/full.yaml']) {
    const { definition, mistakes } = parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
    expect(mistakes).toEqual([]);
    expect(definition?.sources.transactions).toEqual({
      table: { schema: 'public', name: 'transactions' },
      exclude: ['card_last4'],
      partitions: 6,
    });
    expect(definition?.enrichments.fraud?.model).toEqual({
      kind: 'sagemaker',
      endpoint: 'fraud-xgboost',
      version: '2026-10',
      format: 'csv',
      batch: { rows: 100, wait: 10 },
    });
  }
});

test('durations become milliseconds and rates calls per second', () => {
  const { definition } = parse(readFileSync(new URL('./fixtures/full.yaml', import.meta.url), 'utf8'));
  expect(definition?.enrichments.churn?.refresh).toEqual({ every: 7 * 86_400_000 });
  expect(definition?.enrichments.embedding?.model).toMatchObject({ rate: 100, max_chunks: 64 });
  expect(definition?.budget).toMatchObject({ daily_usd: 25, alert_at: 0.8, on_reached: 'pause' });
});

test('six different mistakes are six messages, each with its line and what to write', () => {
  const text = BASE.replace('pipeline: afterglow', 'pipeline: After-Glow')
    .replace('table: public.reviews', 'table: reviews')
    .replace('from: transactions', 'from: transaction')
    .replace('when: kind == "purchase"', 'wen: kind == "purchase"')
    .replace('rows: 100', 'rows: many')
    .replace('flag: score >= 0.9', 'flag: scor >= 0.9');
  expect(told(text)).toEqual([
    '2:11 pipeline: a name is a small letter, then at most 30 small letters, digits and _ -> afterglow',
    '5:21 sources.reviews.table: a table is written with its schema -> public.transactions',
    '8:11 enrichments.fraud.from: there is no such source -> transactions',
    '9:5 enrichments.fraud.wen: there is no such setting here -> when',
    '10:85 enrichments.fraud.model.batch.rows: this must be a number -> 100',
    '13:11 enrichments.fraud.flag: there is no scor here -> score',
  ]);
  expect(parse(text).definition).toBeUndefined();
});

test('mistakes in one enrichment are all found, though some settings of it cannot be read', () => {
  const text = changed('from: transactions', 'from: nowhere')
    .replace('kind: sagemaker', 'kind: sagemkr')
    .replace('fraud-xgboost', '_')
    .replace('- accept', '- { }')
    .replace('flag: score', 'flag: scores');
  expect(parse(text).mistakes.map(({ path }) => path)).toEqual([
    'enrichments.fraud.from',
    'enrichments.fraud.model.kind',
    'enrichments.fraud.model.endpoint',
    'enrichments.fraud.flag',
    'enrichments.fraud.decide.1',
  ]);
});

describe('the environment', () => {
  const withEndpoint = (value: string): string => changed('fraud-xgboost', value);

  test('fills in texts, and numbers where a number belongs', () => {
    const text = withEndpoint('"${ENDPOINT}-${STAGE:-dev}"').replace(
      /budget: .*/,
      'budget:\n  daily_usd: ${LIMIT:-50}',
    );
    const { definition } = parse(text, { ENDPOINT: 'fraud' });
    expect(definition?.enrichments.fraud?.model).toMatchObject({ endpoint: 'fraud-dev' });
    expect(definition?.budget?.daily_usd).toBe(50);
    expect(parse(text, { ENDPOINT: 'fraud', LIMIT: '7.5' }).definition?.budget?.daily_usd).toBe(7.5);
  });

  test('must hold what has no default; an empty variable counts as unset', () => {
    const expected = [
      '10:41 enrichments.fraud.model.endpoint: the environment does not set ENDPOINT -> ${ENDPOINT:-a default}, or set ENDPOINT before starting',
    ];
    expect(told(withEndpoint('"${ENDPOINT}"'))).toEqual(expected);
    expect(told(withEndpoint('"${ENDPOINT}"'), { ENDPOINT: '' })).toEqual(expected);
  });

  test('needs quotes between braces, where YAML takes ${…} apart', () => {
    expect(told(withEndpoint('${ENDPOINT}'))).toEqual([
      '10:42 : this is not YAML: unexpected flow-map-start at node end -> it in quotes: "${ENDPOINT}"',
    ]);
  });

  test('is never quoted, neither in a message nor in a hint', () => {
    const places = [
      'fraud-xgboost',
      'kind == "purchase"',
      'score >= 0.9',
      'public.reviews',
      'comprehend',
      '10ms',
      'reviews\n',
    ];
    for (const place of places) {
      const text = changed(place, place.endsWith('\n') ? '"${SECRET}"\n' : '"${SECRET}"');
      const { mistakes } = parse(text, { SECRET: 'hunter2 !' });
      expect(mistakes.length, place).toBeGreaterThan(0);
      expect(JSON.stringify(mistakes), place).not.toContain('hunter2');
      expect(formatMistakes(mistakes, text, { color: false }), place).not.toContain('hunter2');
    }
  });
});

test('mistakes are printed like a good compiler does', () => {
  const text = changed('when: kind == "purchase"', 'wen: true').replace('fraud: 5', 'frod: 5');
  const { mistakes } = parse(text);
  expect(
    formatMistakes(mistakes, text, { color: false }),
  ).toBe(`afterglow.yaml:9:5 error enrichments.fraud.wen: there is no such setting here
  9 |     wen: true
    |     ^
  write when

afterglow.yaml:21:42 error budget.reserved_usd.frod: there is no such enrichment
  21 | budget: { daily_usd: 25, reserved_usd: { frod: 5 } }
     |                                          ^
  write fraud`);
  expect(formatMistakes(mistakes, text, { color: true })).toContain('\u001b[31merror\u001b[0m');
});

test('what a terminal would obey is printed as a mark, and the caret stays under its place', () => {
  const printed = formatMistakes(
    [
      {
        file: 'afterglow.yaml',
        line: 1,
        column: 10,
        path: 'sources.\u001B[2J',
        severity: 'error',
        message: 'this must be 1',
        instead: '\u202E1',
      },
    ],
    '\tver: \u001B[31\u202Ex\r\n',
    { color: false },
  );
  expect(printed.split('\n')).toEqual([
    'afterglow.yaml:1:10 error sources.\uFFFD[2J: this must be 1',
    '  1 | \tver: \uFFFD[31\uFFFDx',
    '    | \t        ^',
    '  write \uFFFD1',
  ]);
});
