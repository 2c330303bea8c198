// Every mistake that needs no database: its place, its message, and what to write instead.
import { expect, test } from 'vitest';
import { changed, told } from './fixtures/small-definition.ts';

test.each([
  ['version: 1', 'version: 2', '1:10 version: this must be 1 -> 1'],
  ['version: 1\n', '', '1:1 version: this setting is missing -> 1'],
  [
    'kind: sagemaker',
    'kind: sagemakr',
    '10:20 enrichments.fraud.model.kind: this must be one of sagemaker, comprehend, titan-embedding, cohere-embedding, lambda -> sagemaker',
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
    '7:3 enrichments.fraud.output: what the sagemaker model answers is not said -> output: { score: float }',
  ],
  [
    '{ score: float }',
    '{ score: float, flagged: float }',
    '12:29 enrichments.fraud.output.flagged: flagged is a column of ours beside every result -> fraud_flagged',
  ],
  [
    'input: [title, body]',
    'input: [title]\n    output: { label: float }',
    '21:5 enrichments.sentiment.output: the outputs of comprehend are known: label, confidence, positive, negative, neutral, mixed, language, language_origin, truncated -> nothing: leave output out',
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
    'model: { kind: comprehend, rate: 10/s }',
    'model: { kind: titan-embedding, dimensions: 1536 }',
    '19:49 enrichments.sentiment.model.dimensions: vectors of amazon.titan-embed-text-v2:0 cannot have 1536 dimensions -> 1024, 512, 256',
  ],
  [
    'model: { kind: comprehend, rate: 10/s }',
    'model: { kind: titan-embedding, model_id: amazon.titan-embed-text-v1 }',
    '19:5 enrichments.sentiment.model.dimensions: vectors of amazon.titan-embed-text-v1 cannot have 1024 dimensions -> 1536',
  ],
  [
    'model: { kind: comprehend, rate: 10/s }',
    'model: { kind: cohere-embedding, dimensions: 512 }',
    '19:50 enrichments.sentiment.model.dimensions: vectors of cohere.embed-multilingual-v3 cannot have 512 dimensions -> 1024',
  ],
  [
    'model: { kind: comprehend, rate: 10/s }',
    'model: { kind: cohere-embedding, batch: { rows: 97 } }',
    '19:53 enrichments.sentiment.model.batch.rows: this is at most 96 -> 96',
  ],
  [
    'model: { kind: comprehend, rate: 10/s }',
    'model: { kind: cohere-embedding, model_id: cohere.embed-v4 }',
    '19:48 enrichments.sentiment.model.model_id: this must be one of cohere.embed-english-v3, cohere.embed-multilingual-v3, cohere.embed-v4:0, global.cohere.embed-v4:0, us.cohere.embed-v4:0, eu.cohere.embed-v4:0 -> cohere.embed-v4:0',
  ],
  [
    'kind: sagemaker, endpoint: fraud-xgboost, version: "1"',
    'kind: lambda, function: score, version: "1", timeout: 16m, memory_mb: 512',
    '10:68 enrichments.fraud.model.timeout: no function may take longer than 15 minutes -> 15m',
  ],
  [
    'kind: sagemaker, endpoint: fraud-xgboost, version: "1"',
    'kind: lambda, function: score, version: "1", timeout: 10s',
    '10:5 enrichments.fraud.model.memory_mb: this setting is missing -> 512',
  ],
  [
    'kind: sagemaker, endpoint: fraud-xgboost, version: "1"',
    'kind: lambda, function: score, version: "1", timeout: 10s, memory_mb: 64',
    '10:84 enrichments.fraud.model.memory_mb: this is at least 128 -> 512',
  ],
  [
    'kind: sagemaker, endpoint: fraud-xgboost, version: "1"',
    "kind: lambda, function: 'score:live', version: '1', timeout: 10s, memory_mb: 128",
    '10:38 enrichments.fraud.model.function: this has not the right form. Name of the function. -> score-orders',
  ],
  [
    'pipeline: afterglow',
    'pipeline: &name afterglow\nx: *name',
    '3:4 x: anchors and aliases are not used here -> the value itself, twice',
  ],
  [
    'pipeline: afterglow',
    '__proto__: 1\npipeline: afterglow',
    '2:1 __proto__: there is no such setting here -> one of version, pipeline, sources, enrichments, budget, prices',
  ],
  ['sources:', 'sources: [', '5:3 : this is not YAML: missing , between flow sequence items'],
])('%j written as %j', (from, to, expected) => {
  expect(told(changed(from, to))).toContain(expected);
});
