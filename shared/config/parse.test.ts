// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the file takes values from the environment.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatMistakes } from './mistake.ts';
import { parseDefinition } from './parse.ts';

const BASE = `version: 1
pipeline: afterglow
sources:
  transactions: { table: public.transactions, exclude: [card_last4] }
  reviews: { table: public.reviews }
enrichments:
  fraud:
    from: transactions
    when: kind == "purchase"
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1", batch: { rows: 100, wait: 10ms } }
    input: [amount]
    output: { score: float }
    flag: score >= 0.9
    decide:
      - hold: score >= 0.9
      - accept
  sentiment:
    from: reviews
    model: { kind: comprehend, rate: 10/s }
    input: [title, body]
budget: { daily_usd: 25, reserved_usd: { fraud: 5 } }
`;

const parse = (text: string, environment: Record<string, string> = {}) =>
  parseDefinition(text, 'afterglow.yaml', environment);

/** line:column path message -> what to write */
function told(text: string, environment: Record<string, string> = {}): readonly string[] {
  return parse(text, environment).mistakes.map(
    ({ line, column, path, message, instead }) =>
      `${line}:${column} ${path}: ${message}${instead === undefined ? '' : ` -> ${instead}`}`,
  );
}

function changed(from: string, to: string): string {
  if (!BASE.includes(from)) throw new Error(`${from} is not in the definition`);
  return BASE.replace(from, to);
}

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

describe('each mistake alone', () => {
  test.each([
    ['version: 1', 'version: 2', '1:10 version: this must be 1 -> 1'],
    ['version: 1\n', '', '1:1 version: this setting is missing -> 1'],
    [
      'kind: sagemaker',
      'kind: sagemakr',
      '10:20 enrichments.fraud.model.kind: this must be sagemaker or comprehend or titan-embedding -> sagemaker',
    ],
    [
      'endpoint: fraud-xgboost, ',
      '',
      '10:5 enrichments.fraud.model.endpoint: this setting is missing -> fraud-xgboost',
    ],
    [
      'endpoint: fraud-xgboost',
      'endpoint: fraud xgboost',
      '10:41 enrichments.fraud.model.endpoint: this has not the right form. Name of the endpoint. -> fraud-xgboost',
    ],
    ['version: "1"', 'version: 1', '10:65 enrichments.fraud.model.version: this must be a text -> 2026-10'],
    ['wait: 10ms', 'wait: 10', '10:96 enrichments.fraud.model.batch.wait: this must be a text -> 10ms'],
    [
      'wait: 10ms',
      'wait: 10 ms',
      '10:96 enrichments.fraud.model.batch.wait: a time is a whole number with its unit: ms, s, m, h or d -> 10ms',
    ],
    [
      'rate: 10/s',
      'rate: 10 per s',
      '19:38 enrichments.sentiment.model.rate: a rate is a whole number of calls per s, m or h -> 10/s',
    ],
    ['rows: 100', 'rows: 0', '10:85 enrichments.fraud.model.batch.rows: this is at least 1 -> 100'],
    [
      'rate: 10/s',
      'batch: { rows: 26 }',
      '19:47 enrichments.sentiment.model.batch.rows: this is at most 25 -> 25',
    ],
    [
      '{ table: public.reviews }',
      '{ table: public.reviews, partitions: 0 }',
      '5:49 sources.reviews.partitions: this is at least 1 -> 6',
    ],
    [
      'public.reviews',
      'public.transactions',
      '5:21 sources.reviews.table: source transactions reads this table already -> from: transactions in the enrichments',
    ],
    [
      '[card_last4]',
      '[card_last4, card_last4]',
      '4:69 sources.transactions.exclude.1: this column is named twice -> it once',
    ],
    [
      'input: [amount]',
      'input: []',
      '11:12 enrichments.fraud.input: this is at least 1 entries long -> ["amount"]',
    ],
    [
      'input: [amount]',
      'input: [{ a: amount, b: amount }]',
      '11:13 enrichments.fraud.input.0: this has not the form it must have here -> {"hour_utc":"occurred_at.getHours()"}',
    ],
    [
      'input: [amount]',
      'input:\n      - hour: |\n          amount +\n          (1',
      '14:13 enrichments.fraud.input.0.hour: expected RPAREN, got EOF',
    ],
    [
      'output: { score: float }\n',
      '\n',
      '7:3 enrichments.fraud.output: what the sagemaker endpoint answers is not said -> output: { score: float }',
    ],
    [
      '{ score: float }',
      '{ score: float, flagged: float }',
      '12:29 enrichments.fraud.output.flagged: flagged is a column of ours beside every result -> fraud_flagged',
    ],
    [
      'input: [title, body]',
      'input: [title]\n    output: { label: float }',
      '21:5 enrichments.sentiment.output: the outputs of comprehend are known: label, confidence, positive, negative, neutral, mixed, language -> nothing: leave output out',
    ],
    [
      'flag: score >= 0.9',
      'flag: score + 1',
      '13:11 enrichments.fraud.flag: this must be true or false, and it is double',
    ],
    [
      'flag: score >= 0.9',
      'flag: amount > 1',
      '13:11 enrichments.fraud.flag: there is no amount here -> one of score',
    ],
    [
      'hold: score >= 0.9',
      'hold: "score >= 0.9 && scor < 1"',
      '15:32 enrichments.fraud.decide.0.hold: there is no scor here -> score',
    ],
    [
      '      - accept',
      '      - hold: score > 0.1',
      '16:9 enrichments.fraud.decide.1: hold has a rule already -> one rule with both conditions: a || b',
    ],
    [
      '      - hold: score >= 0.9\n      - accept',
      '      - accept\n      - hold: score >= 0.9',
      '15:9 enrichments.fraud.decide.0: a bare action takes every row, so the rules below it are never reached -> accept in the last place, or with its expression',
    ],
    [
      'input: [title, body]',
      'input: [title]\n    decide: [{ reject: \'label == "NEGATIVE"\' }]',
      '21:14 enrichments.sentiment.decide.0: reject is refused: sentiment may hold a text for a person to read, never reject it -> hold',
    ],
    [
      '  sentiment:',
      '  capture:',
      '17:3 enrichments.capture: dead.capture is the topic of the reader, so no enrichment can have this name -> another name',
    ],
    [
      '  sentiment:',
      '  mood_enriched:',
      '17:3 enrichments.mood_enriched: …_enriched is the name of the views -> mood',
    ],
    [
      '  sentiment:',
      '  Sentiment:',
      '17:3 enrichments.Sentiment: a name is a small letter, then at most 30 small letters, digits and _',
    ],
    [
      '{ fraud: 5 }',
      '{ fraud: 26 }',
      '21:26 budget.reserved_usd: what is reserved is part of daily_usd, and together it is more -> smaller shares, or a larger daily_usd',
    ],
    ['{ fraud: 5 }', '{ frod: 5 }', '21:42 budget.reserved_usd.frod: there is no such enrichment -> fraud'],
    ['daily_usd: 25,', '', '21:1 budget.daily_usd: this setting is missing -> 25'],
    [
      'pipeline: afterglow',
      'pipeline: afterglow\npipeline: again',
      '3:1 : this key is written twice -> it once',
    ],
    [
      'pipeline: afterglow',
      'pipeline: &name afterglow\nx: *name',
      '3:4 x: anchors and aliases are not used here -> the value itself, twice',
    ],
    [
      'pipeline: afterglow',
      '__proto__: 1\npipeline: afterglow',
      '2:1 __proto__: there is no such setting here -> one of version, pipeline, sources, enrichments, budget',
    ],
    ['sources:', 'sources: [', '5:3 : this is not YAML: missing , between flow sequence items'],
  ])('%j written as %j', (from, to, expected) => {
    expect(told(changed(from, to))).toContain(expected);
  });
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

test.each([
  ['nothing', ''],
  ['a number', '5'],
  ['a list', '- x'],
  ['an alias to itself', '&a [*a]'],
  ['a bomb of aliases', `a: &a [x,x]\nb: &b [*a,*a]\n${'c: &c [*b,*b]\n'.repeat(3)}`],
  ['brackets without end', '['.repeat(100_000)],
  ['indents without end', Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['a megabyte', `a: ${'x'.repeat(1_000_000)}`],
  ['two documents', `${BASE}---\n${BASE}`],
  ['keys that are no texts', '? [a]\n: b'],
  ['a tag', 'version: !!js/function 1'],
  ['null bytes', '\0\0\0'],
])('%s is refused at once, with a mistake', (_, text) => {
  const { definition, mistakes } = parse(text);
  expect(definition).toBeUndefined();
  expect(mistakes.length).toBeGreaterThan(0);
});

test('no text makes it throw', () => {
  const seed = 20_261_122;
  const word = fc.constantFrom(
    ...BASE.split(/(\s+|[{}:,[\]"])/),
    '${X}',
    '*a',
    '&a',
    '|',
    '>',
    "'",
    '!x',
    '? ',
    '---\n',
  );
  const yamlish = fc
    .array(fc.oneof(word, fc.string({ maxLength: 4 })), { maxLength: 80 })
    .map((words) => words.join(''));
  const cut = fc
    .tuple(fc.nat(BASE.length), fc.nat(BASE.length), yamlish)
    .map(([from, to, between]) => BASE.slice(0, from) + between.slice(0, 20) + BASE.slice(to));
  fc.assert(
    fc.property(fc.oneof(yamlish, cut), (text) => {
      const { definition, mistakes } = parse(text, { X: 'x' });
      expect(definition === undefined).toBe(mistakes.some(({ severity }) => severity === 'error'));
      for (const { line, column } of mistakes) expect(Math.min(line, column)).toBeGreaterThan(0);
    }),
    { seed, numRuns: 300 },
  );
});

test('a key that nobody knows is reported wherever it stands', () => {
  const seed = 20_261_123;
  const places = [
    { anchor: 'pipeline: afterglow\n', indent: '', path: '' },
    { anchor: '  fraud:\n', indent: '    ', path: 'enrichments.fraud.' },
    { anchor: 'budget: { ', indent: undefined, path: 'budget.' },
    { anchor: 'batch: { ', indent: undefined, path: 'enrichments.fraud.model.batch.' },
    { anchor: '  reviews: { ', indent: undefined, path: 'sources.reviews.' },
  ];
  const key = fc.stringMatching(/^[a-z_]{1,12}$/).map((text) => `${text}_zz`);
  fc.assert(
    fc.property(fc.constantFrom(...places), key, ({ anchor, indent, path }, unknown) => {
      const inserted =
        indent === undefined ? `${anchor}${unknown}: 1, ` : `${anchor}${indent}${unknown}: 1\n`;
      const { mistakes } = parse(changed(anchor, inserted));
      expect(mistakes.map((mistake) => mistake.path)).toEqual([`${path}${unknown}`]);
    }),
    { seed },
  );
});
