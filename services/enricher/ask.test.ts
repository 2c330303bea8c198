import { expect, test } from 'vitest';
import { Fault } from '../../shared/errors/policy.ts';
import type { DetectedLanguage, Model, ModelItem, RowInput } from '../../shared/models/model.ts';
import { askModel } from './ask.ts';
import type { CallObserver, CallSignals } from './call.ts';

const silent: CallObserver = { called: () => {}, failed: () => {}, paused: () => {}, resumed: () => {} };
const untouched = new AbortController().signal;
const signals: CallSignals = { stopping: untouched, aborting: untouched };

/** Words are items, grouped by language; a word `bad` is refused, an empty text asks for nothing. */
function words(): Model<string, { readonly words: string }> & { readonly calls: (readonly ModelItem[])[] } {
  const calls: (readonly ModelItem[])[] = [];
  const common = {
    id: { kind: 'words', name: 'words', version: '1' },
    parameters: {},
    limits: { rowsMax: 2, bytesMax: 1_000, waitMaxMs: 0 },
    isPaidPerCall: true,
    bytesOf: (item: ModelItem) => item.input.length,
    requestText: (item: ModelItem) => String(item.input),
  };
  const detector: Model<DetectedLanguage, DetectedLanguage> = {
    ...common,
    itemsOf: ({ input }) => ({ kind: 'items', items: [{ input }] }),
    groupOf: () => '',
    call: async (items) =>
      items.map(({ input }) => ({
        kind: 'ok',
        result: { language: String(input).startsWith('der') ? 'de' : null },
        costNanoUsd: 5,
      })),
    resultOf: (_row, _items, [result]) => result ?? { language: null },
  };
  return {
    ...common,
    calls,
    itemsOf(row: RowInput) {
      if (row.input === '') return { kind: 'skip', reason: 'empty_input' };
      const language = row.language ?? row.detected;
      if (language === undefined) return { kind: 'detect' };
      const texts = String(row.input).split(' ');
      return { kind: 'items', items: texts.map((input) => ({ input, language: language ?? 'en' })) };
    },
    groupOf: ({ language }) => language ?? '',
    async call(items) {
      calls.push(items);
      return items.map(({ input, language }) =>
        input === 'bad'
          ? { kind: 'rejected', fault: new Fault('rejected_item', 'bad', 'refused') }
          : { kind: 'ok', result: `${input}/${language}`, costNanoUsd: 100 },
      );
    },
    resultOf: (_row, _items, results) => ({ words: results.join(' ') }),
    detector,
  };
}

test('rows of several items and languages: every row gets its own results back, joined in order', async () => {
  const model = words();
  const rows: RowInput[] = [
    { input: 'der hund' },
    { input: '' },
    { input: 'a b c', language: 'fr' },
    { input: 'one bad word', language: 'en' },
    { input: 'hello' },
  ];
  const answered = await askModel(model, rows, silent, signals);
  expect(answered.map(({ outcome }) => outcome)).toEqual([
    { kind: 'ok', result: { words: 'der/de hund/de' }, costNanoUsd: 200 },
    { kind: 'skip', reason: 'empty_input' },
    { kind: 'ok', result: { words: 'a/fr b/fr c/fr' }, costNanoUsd: 300 },
    { kind: 'rejected', fault: expect.objectContaining({ code: 'bad' }) },
    { kind: 'ok', result: { words: 'hello/en' }, costNanoUsd: 100 },
  ]);
  for (const items of model.calls) {
    expect(items.length).toBeLessThanOrEqual(2);
    expect(new Set(items.map(({ language }) => language)).size).toBe(1);
  }
});
