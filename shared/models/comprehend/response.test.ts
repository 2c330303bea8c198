import { describe, expect, test } from 'vitest';
import { Fault } from '../../errors/policy.ts';
import { parseBatch, readLanguage, readSentiment } from './response.ts';

const SCORES = { Positive: 0.7, Negative: 0.1, Neutral: 0.15, Mixed: 0.05 };
const entry = (Index: number, Sentiment = 'POSITIVE', SentimentScore: object = SCORES) => ({
  Index,
  Sentiment,
  SentimentScore,
});
const sentiments = (resultList: unknown, errorList: unknown = [], documents = 2) =>
  parseBatch({ resultList, errorList, requestId: 'r-1' }, documents, readSentiment);

describe('an answer in order', () => {
  test('has a label, its score and the four scores for every document', () => {
    expect(sentiments([entry(0), entry(1, 'MIXED')])).toEqual([
      { label: 'POSITIVE', confidence: 0.7, positive: 0.7, negative: 0.1, neutral: 0.15, mixed: 0.05 },
      { label: 'MIXED', confidence: 0.05, positive: 0.7, negative: 0.1, neutral: 0.15, mixed: 0.05 },
    ]);
  });

  test('is joined by Index, not by place', () => {
    const labels = sentiments([entry(1, 'NEGATIVE'), entry(0, 'NEUTRAL')]).map((each) =>
      each instanceof Fault ? each.code : each.label,
    );
    expect(labels).toEqual(['NEUTRAL', 'NEGATIVE']);
  });

  test('an error is of its document alone, and repeats nothing that may quote the text', () => {
    const [refused, read] = sentiments(
      [entry(1)],
      [{ Index: 0, ErrorCode: 'InternalServerException', ErrorMessage: 'secret' }],
    );
    expect(refused).toMatchObject({ kind: 'rejected_item', code: 'InternalServerException' });
    expect(String((refused as Fault).stack)).not.toContain('secret');
    expect(read).toMatchObject({ label: 'POSITIVE' });
    const [odd] = sentiments([], [{ Index: 0, ErrorCode: 'the secret text' }], 1);
    expect(odd).toMatchObject({ kind: 'rejected_item', code: 'item_error' });
  });

  test('all documents may be refused', () => {
    const faults = sentiments([], [{ Index: 0, ErrorCode: '17' }, { Index: 1 }]);
    expect(faults.map((each) => each instanceof Fault && each.code)).toEqual(['17', 'item_error']);
  });
});

describe('an answer whose alignment is in doubt is a contract fault', () => {
  test.each([
    ['empty', undefined, undefined, 'empty_answer'],
    ['a document without an entry', [entry(0)], [], 'missing_index'],
    ['two entries of a document', [entry(0), entry(0)], [], 'repeated_index'],
    ['a result and an error', [entry(0), entry(1)], [{ Index: 1 }], 'repeated_index'],
    ['an entry too many', [entry(0), entry(1), entry(2)], [], 'index'],
    ['a negative index', [entry(-1), entry(1)], [], 'index'],
    ['half an index', [entry(0.5), entry(1)], [], 'index'],
    ['an index as text', [{ ...entry(0), Index: '0' }, entry(1)], [], 'index'],
    ['an entry without an index', [{ Sentiment: 'POSITIVE' }, entry(1)], [], 'index'],
    ['an entry that is none', [null, entry(1)], [], 'index'],
    ['a list that is none', { 0: entry(0) }, [], 'shape'],
  ])('%s', (_name, results, errors, code) => {
    const thrown = catching(() =>
      parseBatch({ resultList: results, errorList: errors, requestId: 'r-1' }, 2, readSentiment),
    );
    expect(thrown).toMatchObject({ kind: 'contract', code, requestId: 'r-1' });
  });
});

describe('an entry that does not say a sentiment is a contract fault of its document', () => {
  test.each([
    ['an unknown label', entry(0, 'ANGRY'), 'label'],
    ['no label', { Index: 0, SentimentScore: SCORES }, 'label'],
    ['a label that objects inherit', entry(0, 'constructor'), 'label'],
    ['no scores', { Index: 0, Sentiment: 'MIXED' }, 'score'],
    ['a score left out', entry(0, 'MIXED', { Positive: 0.5, Negative: 0.2, Neutral: 0.3 }), 'score'],
    ['a score that is no number', entry(0, 'MIXED', { ...SCORES, Mixed: Number.NaN }), 'score'],
    ['a score as text', entry(0, 'MIXED', { ...SCORES, Mixed: '0.1' }), 'score'],
    ['a score above 1', entry(0, 'MIXED', { ...SCORES, Mixed: 1.5 }), 'score'],
  ])('%s', (_name, odd, code) => {
    const [fault, other] = sentiments([odd, entry(1)]);
    expect(fault).toMatchObject({ kind: 'contract', code });
    expect(other).toMatchObject({ label: 'POSITIVE' });
  });
});

describe('a detected language', () => {
  test.each([
    [
      'the likeliest, wherever it stands',
      [
        ['pt', 0.2],
        ['es', 0.7],
      ],
      { language: 'es' },
    ],
    ['one that the service has no sentiment for', [['id', 0.9]], { language: 'id' }],
    ['none', [], { language: null }],
    ['a score that is no number', [['es', Number.NaN]], { kind: 'contract', code: 'languages' }],
  ])('%s', (_name, languages, expected) => {
    const list = languages.map(([LanguageCode, Score]) => ({ LanguageCode, Score }));
    expect(readLanguage({ Index: 0, Languages: list }, 'r-1')).toMatchObject(expected);
  });

  test('no list of languages is a contract fault', () => {
    expect(readLanguage({ Index: 0 }, 'r-1')).toMatchObject({ kind: 'contract', code: 'languages' });
  });
});

function catching(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
