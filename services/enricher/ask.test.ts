import { describe, expect, test, vi } from 'vitest';
import { Fault } from '../../shared/errors/policy.ts';
import type { DetectedLanguage, Model, ModelItem, RowInput } from '../../shared/models/model.ts';
import type { CallObserver } from './calls/answering.ts';
import { free } from './calls/funding.ts';
import { callsMaxOf, ModelLanes, rowsInFlightMaxOf } from './model-lanes.ts';
import type { SharedRequests } from './pay-once.ts';

const silent: CallObserver = { called: () => {}, failed: () => {}, paused: () => {}, resumed: () => {} };
const noCache: SharedRequests = { read: async () => undefined, store: async () => {} };

/** Words are items, grouped by language; a word `bad` is refused, an empty text asks for nothing. */
function words(): Model<string, { readonly words: string }> & { readonly calls: (readonly ModelItem[])[] } {
  const calls: (readonly ModelItem[])[] = [];
  const common = {
    id: { kind: 'words', name: 'words', version: '1' },
    parameters: {},
    limits: { rowsMax: 2, bytesMax: 1_000, waitMaxMs: 0 },
    isPaidPerCall: true,
    boundNanoUsd: (items: readonly ModelItem[]) => 100 * items.length,
    bytesOf: (item: ModelItem) => item.input.length,
    requestText: (item: ModelItem) => JSON.stringify([item.input, item.language]),
  };
  const detector: Model<DetectedLanguage, DetectedLanguage> = {
    ...common,
    parameters: { detects: true },
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
      if (row.input === 'number') throw new Fault('input', 'not_a_text', 'not a text');
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

const lanesOf = (
  model: Model<string, { readonly words: string }>,
  shared: SharedRequests = noCache,
): ModelLanes =>
  new ModelLanes(model as Model, {
    callsPerSecond: undefined,
    observer: () => silent,
    payOnce: { found: () => {}, missed: () => {} },
    shared,
    spending: { funding: () => free },
  });

describe('asking', () => {
  test('a row tells the largest batch that one of its items was in, and none when nothing was asked', async () => {
    const lanes = lanesOf(words());
    const row: RowInput = { input: 'a b c', language: 'fr' };
    expect(await lanes.ask(row, () => true)).toMatchObject({ cached: false, batchRows: 2 });
    expect(await lanes.ask(row, () => true)).toMatchObject({ cached: true, batchRows: 0 });
    await lanes.stop();
  });

  test('rows of several items and languages: every row gets its own results back, joined in order', async () => {
    const model = words();
    const lanes = lanesOf(model);
    const rows: RowInput[] = [
      { input: 'der hund' },
      { input: '' },
      { input: 'a b c', language: 'fr' },
      { input: 'one bad word', language: 'en' },
      { input: 'number' },
      { input: 'hello' },
    ];
    const answered = await Promise.all(rows.map((row) => lanes.ask(row, () => true)));
    expect(answered.map(({ outcome }) => outcome)).toEqual([
      { kind: 'ok', result: { words: 'der/de hund/de' }, costNanoUsd: 205 },
      { kind: 'skip', reason: 'empty_input' },
      { kind: 'ok', result: { words: 'a/fr b/fr c/fr' }, costNanoUsd: 300 },
      { kind: 'rejected', fault: expect.objectContaining({ code: 'bad' }) },
      { kind: 'rejected', fault: expect.objectContaining({ code: 'not_a_text' }) },
      { kind: 'ok', result: { words: 'hello/en' }, costNanoUsd: 105 },
    ]);
    for (const items of model.calls) {
      expect(items.length).toBeLessThanOrEqual(2);
      expect(new Set(items.map(({ language }) => language)).size).toBe(1);
    }
  });

  test('equal texts share one call, and a second time nothing is asked and nothing paid', async () => {
    const model = words();
    const lanes = lanesOf(model);
    const same = { input: 'hello', language: 'en' };
    const answered = await Promise.all([same, same, same].map((row) => lanes.ask(row, () => true)));
    expect(answered.map(({ cached }) => cached)).toEqual([false, true, true]);
    expect(await lanes.ask(same, () => true)).toMatchObject({ cached: true, outcome: { costNanoUsd: 0 } });
    expect(model.calls.length).toBe(1);
  });

  test('a row that joined the request of a row nobody wants any more asks again itself', async () => {
    const model = words();
    const lanes = lanesOf(model);
    const row = { input: 'hello', language: 'en' };
    const unwanted = lanes.ask(row, () => false);
    const wanted = lanes.ask(row, () => true);
    await expect(unwanted).rejects.toThrow('whoever comes next');
    expect((await wanted).outcome.kind).toBe('ok');
  });

  test('an answer that is paid for and not safe yet keeps its call under way: no more are paid than may be at once', async () => {
    const model = words();
    const away = Promise.withResolvers<void>();
    const lanes = lanesOf(model, { read: async () => undefined, store: () => away.promise });
    const rows = Array.from({ length: 100 }, (_, place) => ({ input: `word${place}`, language: 'en' }));
    const asked = Promise.all(rows.map((row) => lanes.ask(row, () => true)));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(model.calls.length).toBe(4);
    expect(lanes.inFlight).toBe(4);
    away.resolve();
    expect((await asked).map(({ outcome }) => outcome.kind)).toEqual(Array(100).fill('ok'));
    expect(lanes.inFlight).toBe(0);
  });

  test('a refusal that nothing settles is settled by one call about a row that was answered before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const model = words();
      const lanes = lanesOf(model);
      const refused = lanes.ask({ input: 'bad', language: 'en' }, () => true);
      lanes.answeredBefore({ input: 'hund am see' });
      await vi.advanceTimersByTimeAsync(60_000);
      expect((await refused).outcome.kind).toBe('rejected');
      const asked = model.calls.flat().map(({ input, language }) => `${input}/${language}`);
      expect(asked).toEqual(['bad/en', 'hund/en']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('once it has stopped drops every row at once, wanted or not', async () => {
    const lanes = lanesOf(words());
    await lanes.stop();
    const row = { input: 'hello', language: 'en' };
    const asked = [1, 2].map(() => lanes.ask(row, () => true, undefined));
    const settled = await Promise.allSettled(asked);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

test.each([
  [1, 64, 1_000],
  [10, 64, 1_280],
  [25, 40, 2_000],
  [100, 10, 2_000],
  [10_000, 4, 2_000],
])('batches of %i rows: %i calls at once, %i rows in flight', (rowsMax, callsMax, rowsInFlightMax) => {
  expect(callsMaxOf({ rowsMax })).toBe(callsMax);
  expect(rowsInFlightMaxOf({ rowsMax })).toBe(rowsInFlightMax);
});
