// The continuous check against a real enricher and a real Kafka: what passes closes, what does not is named.
import { expect, test } from 'vitest';
import { type WindowMetrics, windowMetrics } from '../../services/reader/windows/metrics.ts';
import { WindowWatch } from '../../services/reader/windows/watch-windows.ts';
import { run as runWriter } from '../../services/writer/main.ts';
import { createTelemetry, type Telemetry } from '../../shared/telemetry/http.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { createEnrichment, type TestEnrichment } from '../support/enrichment.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 60_000;
const TABLE = 'public.payments';
const logger = createLogger('test', 'silent');

async function metricOf({ registry }: Telemetry, name: string): Promise<number | undefined> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values[0]?.value;
}

function watched(
  { definition }: TestEnrichment,
  openMaxMs: number,
  onTold: (what: 'unpublished' | 'shortfall' | 'open') => void = () => {},
) {
  const telemetry = createTelemetry();
  const registered = windowMetrics(telemetry.registry);
  const metrics: WindowMetrics = {
    ...registered,
    unpublished: (table, events) => {
      registered.unpublished(table, events);
      onTold('unpublished');
    },
    shortfall: (enrichment, outcomes) => {
      registered.shortfall(enrichment, outcomes);
      onTold('shortfall');
    },
    open: (enrichment, ageMs) => {
      registered.open(enrichment, ageMs);
      onTold('open');
    },
  };
  const settings = {
    definition,
    brokers: [brokers()],
    logger,
    telemetry,
    metrics,
    lookIntervalMs: 100,
    openMaxMs,
  };
  const watch = new WindowWatch(settings);
  const stopping = new AbortController();
  let begins = 0;
  const running = watch.run(() => BigInt(++begins), stopping.signal);
  let lsn = 16n;
  return {
    telemetry,
    begun: () => until(() => begins > 0, { deadlineMs: DEADLINE_MS, what: 'the ends to be noted' }),
    confirm: (published: number) => {
      lsn += 16n;
      watch.confirmed([{ commitLsn: lsn, counts: [{ table: TABLE, published, parked: 0 }] }]);
    },
    missing: () => telemetry.readiness.missing.windows,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

function write({ definition, databaseUrl }: TestEnrichment): AsyncDisposable {
  const stopping = new AbortController();
  const ended = runWriter(
    { definition, databaseUrl, brokers: [brokers()], logger, telemetry: createTelemetry() },
    stopping.signal,
  );
  ended.catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

const payments = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));

test('a window closes once its outcomes are written; one that does not is named, and so are events that never came', {
  timeout: 180_000,
}, async () => {
  await using setting = await createEnrichment();
  await using watch = watched(setting, 1_000);
  await watch.begun();
  setting.start();
  await setting.publish(payments(20));
  watch.confirm(20);
  const late =
    /^public\.payments up to 00000000\/00000020 is (enriching|writing) for fraud since \d+ s: run `afterglow audit`$/;
  await until(() => late.test(watch.missing() ?? ''), {
    deadlineMs: DEADLINE_MS,
    what: 'the late window to be named',
  });
  expect(await metricOf(watch.telemetry, METRIC.reader.windowAge)).toBeGreaterThan(1);
  await using _writer = write(setting);
  await until(async () => (await metricOf(watch.telemetry, METRIC.reader.windowsClosed)) === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the window to be closed',
  });
  await until(() => watch.missing() === undefined, { deadlineMs: DEADLINE_MS, what: 'health to be green' });
  expect(await metricOf(watch.telemetry, METRIC.reader.windowShortfall)).toBeUndefined();

  watch.confirm(3);
  await until(
    () =>
      watch.missing()?.includes('3 events of public.payments up to 00000000/00000030 are not on its topic'),
    {
      deadlineMs: DEADLINE_MS,
      what: 'the events that never came to be named',
    },
  );
  await until(
    () =>
      watch.missing()?.includes('3 outcomes of fraud for public.payments up to 00000000/00000030 never came'),
    {
      deadlineMs: DEADLINE_MS,
      what: 'the outcomes that never came to be named',
    },
  );
  expect(await metricOf(watch.telemetry, METRIC.reader.windowShortfall)).toBe(3);
  expect(await metricOf(watch.telemetry, METRIC.reader.windowUnpublished)).toBe(3);
});

test('what is confirmed between the look at a topic and the look at its enrichment is owed by the next window', {
  timeout: 180_000,
}, async () => {
  await using setting = await createEnrichment();
  const told: string[] = [];
  let tell = (_what: string): void => {};
  await using watch = watched(setting, DEADLINE_MS, (what) => tell(what));
  await watch.begun();
  setting.start();
  await using _writer = write(setting);
  await setting.publish(payments(5));
  watch.confirm(5);
  await until(async () => (await metricOf(watch.telemetry, METRIC.reader.windowsClosed)) === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the first window to be closed',
  });
  const looked = Promise.withResolvers<void>();
  tell = (what) => {
    if (told.length === 0 && what !== 'unpublished') return; // in the middle of a look
    told.push(what);
    if (told.length === 1) watch.confirm(1);
    if (what === 'open') looked.resolve();
  };
  await looked.promise;
  expect(told.slice(0, 2)).toEqual(['unpublished', 'open']);
});
