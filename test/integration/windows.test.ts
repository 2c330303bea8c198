// The continuous check against a real enricher and a real Kafka: what passes closes, what does not is named.
import { expect, test } from 'vitest';
import { sumOf } from '../../services/cli/view/metrics-text.ts';
import { type WindowMetrics, windowMetrics } from '../../services/reader/windows/metrics.ts';
import { WindowWatch } from '../../services/reader/windows/watch-windows.ts';
import { run as runWriter } from '../../services/writer/main.ts';
import { enrichedTopic, writerGroup } from '../../shared/contracts/topics.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectProducer } from '../../shared/kafka/producer.ts';
import { readWrittenStretches } from '../../shared/side-tables/written-outcomes.ts';
import { createTelemetry, type Telemetry } from '../../shared/telemetry/http.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { METRIC } from '../../shared/telemetry/metrics.ts';
import { createEnrichment, type TestEnrichment } from '../support/enrichment.ts';
import { createPipeline } from '../support/pipeline.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 120_000;
const ROW_EVERY_MS = 10_000;
const TABLE = 'public.payments';
const logger = createLogger('test', 'silent');

async function metricOf({ registry }: Telemetry, name: string): Promise<number | undefined> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values[0]?.value;
}

function watched(
  { client, definition }: TestEnrichment,
  openMaxMs: number,
  onTold: (what: 'unpublished' | 'shortfall' | 'open') => void = () => {},
) {
  const telemetry = createTelemetry();
  let isAtRest = false;
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
    unpaid: async () => new Map<string, number>(),
    written: (topicIds: ReadonlyMap<string, string>) => readWrittenStretches(client, topicIds),
    rest: () => (isAtRest ? 0 : undefined),
  };
  const watch = new WindowWatch(settings);
  const stopping = new AbortController();
  let begins = 0;
  const running = watch.run(() => BigInt(++begins), stopping.signal);
  let lsn = 16n;
  return {
    telemetry,
    begun: () => until(() => begins > 0, { deadlineMs: DEADLINE_MS, what: 'the ends to be noted' }),
    confirm: (records: number) => {
      lsn += 16n;
      const count = { table: TABLE, published: records, records, parked: 0 };
      watch.confirmed([{ commitLsn: lsn, counts: [count] }]);
    },
    rest: (is: boolean) => {
      isAtRest = is;
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
  timeout: 400_000,
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
      watch.missing()?.includes('3 records of public.payments up to 00000000/00000030 are not on its topic'),
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

test('offsets that the writer has committed without writing close no window: it is named until the outcomes are in the side tables', {
  timeout: 400_000,
}, async () => {
  await using setting = await createEnrichment();
  const { client, definition } = setting;
  await using watch = watched(setting, DEADLINE_MS);
  await watch.begun();
  setting.start();
  await setting.publish(payments(20));
  watch.confirm(20);
  await setting.settled(20);
  const topic = enrichedTopic(definition.pipeline, 'fraud');
  const admin = await connectKafkaAdmin({ brokers: [brokers()], clientId: 'test', logger });
  const named =
    'the writer has committed offsets behind outcomes of fraud for public.payments up to 00000000/00000020 that are not in the side tables';
  await until(
    async () => {
      // Whatever came twice is behind the offsets, too.
      const ends = await admin.ends(topic);
      const offsets = new Map(ends.map(({ partition, high }) => [partition, high]));
      expect(await admin.moveGroup(writerGroup(definition.pipeline), topic, offsets)).toBe(true);
      return watch.missing()?.startsWith(named);
    },
    { deadlineMs: DEADLINE_MS, everyMs: 300, what: 'the outcomes that were never written to be named' },
  );
  await admin.close();
  expect(await metricOf(watch.telemetry, METRIC.reader.windowsClosed)).toBeUndefined();

  await using _writer = write(setting);
  await until(async () => (await metricOf(watch.telemetry, METRIC.reader.windowsClosed)) === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the window to be closed',
  });
  expect((await client.query('select from afterglow_internal.state_fraud')).rowCount).toBe(20);
  await until(() => watch.missing() === undefined, { deadlineMs: DEADLINE_MS, what: 'health to be green' });
});

test('what came twice hides nothing: at rest the sums are compared, and one outcome that never came is named', {
  timeout: 400_000,
}, async () => {
  await using setting = await createEnrichment();
  await using watch = watched(setting, DEADLINE_MS);
  await watch.begun();
  setting.start();
  await using _writer = write(setting);
  await setting.publish(payments(20));
  await setting.settled(20);
  const topic = enrichedTopic(setting.definition.pipeline, 'fraud');
  await using producer = await connectProducer({ brokers: [brokers()], clientId: 'test', logger });
  await producer.send(payments(5).map(() => ({ topic, partition: 0, key: 'again', value: '{}' })));
  watch.rest(true);
  watch.confirm(20);
  await until(async () => (await metricOf(watch.telemetry, METRIC.reader.windowRepeats)) === 5, {
    deadlineMs: DEADLINE_MS,
    what: 'the repeats to be told',
  });
  expect(watch.missing()).toBeUndefined();
  watch.confirm(1);
  await until(() => watch.missing()?.includes('1 outcomes of fraud for public.payments up to'), {
    deadlineMs: DEADLINE_MS,
    what: 'the outcome that never came to be named',
  });
});

test('the sums of a whole pipeline are equal at rest, whatever was inserted, changed, deleted and truncated', {
  timeout: 400_000,
}, async () => {
  await using pipeline = await createPipeline();
  const services = pipeline.start('reader', 'enricher', 'writer');
  await services.ready();
  const { client } = pipeline;
  await client.query("insert into customers (full_name, email, country) values ('A', 'a@example.com', 'DE')");
  const row =
    "insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present) values (1, 20, 'Shop', 'digital', 'US', '4242', false)";
  const fraud = async (name: string): Promise<number> =>
    sumOf(await services.metrics(), name, { enrichment: 'fraud' }) ?? 0;
  const { windowBalances, windowRepeats, windowShortfall } = METRIC.reader;
  // Rows from before the counting began are not its business; and between two of them everything has to come to rest.
  let nextRowAtMs = 0;
  await until(
    async () => {
      if (performance.now() >= nextRowAtMs) {
        await client.query(row);
        nextRowAtMs = performance.now() + ROW_EVERY_MS;
      }
      return (await fraud(windowBalances)) > 0;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 500, what: 'the sums to be compared' },
  );
  const repeatsBefore = await fraud(windowRepeats);
  for (const sql of [
    `insert into transactions (customer_id, amount, merchant_name, merchant_category, merchant_country, card_last4, card_present)
     select 1, 20 + n, 'Shop', 'digital', 'US', '4242', false from generate_series(1, 200) n`,
    "update transactions set status = 'settled' where id % 2 = 0",
    "update transactions set kind = 'refund' where id % 5 = 0",
    'alter table transactions alter column id set generated by default',
    'update transactions set id = id + 1000 where id % 7 = 0',
    'delete from transactions where id % 11 = 0',
    'truncate transactions cascade',
    row,
  ]) {
    await client.query(sql);
  }
  const written = "select from afterglow.transactions_enriched where fraud_status = 'scored'";
  await until(async () => (await client.query(written)).rowCount === 1, {
    deadlineMs: DEADLINE_MS,
    what: 'the last row to be written',
  });
  const before = await fraud(windowBalances);
  await client.query("update transactions set status = 'settled'");
  await until(async () => (await fraud(windowBalances)) > before, {
    deadlineMs: DEADLINE_MS,
    what: 'the sums to be compared',
  });
  expect([await fraud(windowRepeats), await fraud(windowShortfall)]).toEqual([repeatsBefore, 0]);
});

test('what is confirmed between the look at a topic and the look at its enrichment is owed by the next window', {
  timeout: 400_000,
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
