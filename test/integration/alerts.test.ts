// Feature B5: unusual rows raise an alert each, told on the enriched topic as they are written.
import { expect, test } from 'vitest';
import { countOf, histogramOf, parseMetrics, percentile } from '../../services/cli/view/metrics-text.ts';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { createEnrichment } from '../support/enrichment.ts';
import { until } from '../support/wait.ts';

const ROWS = 10_000;
const OUTLIER_EVERY = 500;
const DEADLINE_MS = 120_000;
const FLAGGING = `  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input:
      - amount
      - attempts: 'place == "far" ? 9 : 1'
      - present: 'place == "far" ? 0 : 1'
      - hour: "12"
      - distance: "-1"
      - category: "0"
    output: { score: float }
    flag: score >= 0.9
`;

/** Of the row that the worker which is killed never gets an answer for, so that it is killed before it is done. */
const UNANSWERED_AMOUNT = 20.5;

/** What a consumer drops repeats by. */
const placeOf = ({ key, source }: EnrichedEvent): string =>
  JSON.stringify([source.table, key, source.epoch, source.commit_lsn, source.event_index]);

test('20 planted outliers among 10,000 rows: one alert each after repeats are dropped, also when a worker is killed in between', {
  timeout: 600_000,
}, async () => {
  await using setting = await createEnrichment(FLAGGING);
  const { control } = setting.awsLocal;
  control.addFault({ fault: { kind: 'latency', latency_ms: 20 } });
  const stalled = control.addFault({
    fault: { kind: 'stall', place: 'before_answer' },
    input: { column: 0, equals: UNANSWERED_AMOUNT },
  });
  const amountOf = (id: number): number => (id === ROWS - 1 ? UNANSWERED_AMOUNT : 20 + (id % 50));
  const planted = Array.from({ length: ROWS }, (_, id) =>
    id % OUTLIER_EVERY === 7 ? { id, amount: 1, place: 'far' } : { id, amount: amountOf(id) },
  );
  await setting.publish(planted);
  const killed = await setting.startProcess();
  await until(async () => (await setting.outcomes()).length > 0, {
    deadlineMs: DEADLINE_MS,
    what: 'the first outcomes',
  });
  killed.kill('SIGKILL');
  await killed.ended;
  control.removeFault(stalled);
  expect(new Set((await setting.outcomes()).map(({ key }) => key.id)).size).toBeLessThan(ROWS);

  const enricher = setting.start();
  const outcomes = await setting.settled(ROWS, 'fraud', DEADLINE_MS);
  const alerts = outcomes.filter((event) => event.status === 'scored' && event.flagged === true);
  const places = new Set(alerts.map(placeOf));
  expect(places.size).toBe(ROWS / OUTLIER_EVERY);
  const keys = alerts.map(({ key }) => Number(key.id));
  expect([...new Set(keys)].toSorted((one, other) => one - other)).toEqual(
    planted.flatMap(({ id, place }) => (place === 'far' ? [id] : [])),
  );

  // What `status` and the live view read the lag from.
  const lag = histogramOf(parseMetrics(await enricher.registry.metrics()), METRIC.enricher.commitToEnriched);
  expect(countOf(lag)).toBeGreaterThan(0);
  const percentiles = [0.5, 0.95, 0.99].map((share) => percentile(lag, share) ?? 0);
  expect(percentiles).toEqual(percentiles.toSorted((one, other) => one - other));
  expect(percentiles[0]).toBeGreaterThan(0);
});
