// What the metrics say of answers that were found, held against what the stand-in was asked and what that would have cost.
import { expect, test } from 'vitest';
import type { CallCount } from '../../services/aws-local/ledger.ts';
import { parseMetrics, sumOf } from '../../services/cli/view/metrics-text.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { createEnrichment, type RunningEnricher, type TestEnrichment } from '../support/enrichment.ts';

const TEST_MAX_MS = 400_000;
const TEXTS = 6;
const REPEATS = 5;
/** Of the price lists: a unit of 100 characters, and a token of Titan V2. */
const COMPREHEND_UNIT_USD = 0.0001;
const TITAN_TOKEN_USD = 0.02 / 1_000_000;

const enrichmentOf = (name: string, model: string): string => `  ${name}:
    from: payments
    model: ${model}
    input: [note.orValue("")]
`;
const SENTIMENT = enrichmentOf('sentiment', '{ kind: comprehend, language: { column: place } }');
const EMBEDDING = enrichmentOf('embedding', '{ kind: titan-embedding, dimensions: 256 }');

const noteOf = (text: number): string =>
  `Note ${text}: ${'it works well enough for its price. '.repeat(text + 1)}`;

interface Savings {
  readonly model: number;
  readonly found: number;
  readonly savedUsd: number;
}

async function savings({ registry }: RunningEnricher): Promise<Savings> {
  const samples = parseMetrics(await registry.metrics());
  const { requests, savedUsd } = METRIC.enricher;
  const all = sumOf(samples, requests) ?? 0;
  const model = sumOf(samples, requests, { found: 'model' }) ?? 0;
  return { model, found: all - model, savedUsd: sumOf(samples, savedUsd) ?? 0 };
}

const paidOf = ({ awsLocal }: TestEnrichment, operation: string): Pick<CallCount, 'paid_units' | 'rows'> => {
  const counts = awsLocal.control.calls().operations.filter((count) => count.operation === operation);
  return {
    rows: counts.reduce((sum, { rows }) => sum + rows, 0),
    paid_units: counts.reduce((sum, { paid_units }) => sum + paid_units, 0),
  };
};

test.each([
  ['comprehend', 'sentiment', SENTIMENT, 'BatchDetectSentiment', COMPREHEND_UNIT_USD],
  ['titan-embedding', 'embedding', EMBEDDING, 'InvokeModel', TITAN_TOKEN_USD],
])(
  '%s: requests asked are what the stand-in was asked, and what the found ones saved is what it would have counted',
  {
    timeout: TEST_MAX_MS,
  },
  async (_kind, name, text, operation, unitUsd) => {
    await using setting = await createEnrichment(text);
    const distinct = Array.from({ length: TEXTS }, (_, id) => ({
      id,
      place: 'en',
      note: noteOf(id),
    }));
    let ids = TEXTS;
    const repeats = Array.from({ length: TEXTS * REPEATS }, (_, number) => ({
      id: ids++,
      place: 'en',
      note: noteOf(number % TEXTS),
    }));
    {
      await using first = setting.start(name);
      await setting.publish(distinct);
      await setting.settled(TEXTS, name);
      expect(await savings(first)).toEqual({ model: TEXTS, found: 0, savedUsd: 0 });
      const once = paidOf(setting, operation);
      expect(once.rows).toBe(TEXTS);

      // Every text again in other rows: found in memory, and nothing more is paid.
      await setting.publish(repeats);
      await setting.settled(ids, name);
      expect(paidOf(setting, operation)).toEqual(once);
      const { found, model, savedUsd } = await savings(first);
      expect({ found, model }).toEqual({ found: repeats.length, model: TEXTS });
      expect(savedUsd).toBeCloseTo(REPEATS * once.paid_units * unitUsd, 9);
    }
    // A process that remembers nothing finds them in the shared cache.
    const paid = paidOf(setting, operation);
    const second = setting.start(name);
    await setting.publish(distinct.map((payment) => ({ ...payment, id: ids++ })));
    await setting.settled(ids, name);
    expect(paidOf(setting, operation)).toEqual(paid);
    const { found, model, savedUsd } = await savings(second);
    expect({ found, model }).toEqual({ found: TEXTS, model: 0 });
    expect(savedUsd).toBeCloseTo(paid.paid_units * unitUsd, 9);
    const samples = parseMetrics(await second.registry.metrics());
    expect(sumOf(samples, METRIC.enricher.requests, { found: 'shared' })).toBe(TEXTS);
  },
);
