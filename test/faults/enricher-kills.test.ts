// Enrichers of every kind, killed again and again: what the topic has at the end, and what was paid for it.
import { expect, test } from 'vitest';
import { callsMaxOf } from '../../services/enricher/model-lanes.ts';
import { enrichedTopic } from '../../shared/contracts/topics.ts';
import {
  createEnrichment,
  embedding,
  fraud,
  type Payment,
  sentiment,
  type TestEnrichment,
} from '../support/enrichment.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { firstsOf } from '../support/outcomes.ts';
import { seededRandom } from '../support/random-workload.ts';
import { topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const SEED = 20_261_121;
const DEADLINE_MS = 120_000;
const KEYS = 500;
const CHANGES_OF_ROUND = 300;
const BATCH_ROWS = 5;
/** Three units a text: the least that Comprehend bills. */
const TEXT_UNITS = 3;

interface PaidKind {
  readonly name: string;
  readonly operations: readonly string[];
  /** Of each text: the detection of its language is one, too. */
  readonly requests: number;
  /** Requests that calls under way may carry: what one kill may cost. */
  readonly underWayMax: number;
}

const PAID: readonly PaidKind[] = [
  {
    name: 'sentiment',
    operations: ['BatchDetectSentiment', 'BatchDetectDominantLanguage'],
    requests: 2,
    underWayMax: 2 * callsMaxOf({ rowsMax: BATCH_ROWS }) * BATCH_ROWS,
  },
  { name: 'embedding', operations: ['InvokeModel'], requests: 1, underWayMax: callsMaxOf({ rowsMax: 1 }) },
];
const NAMES = ['fraud', ...PAID.map(({ name }) => name)];

/** Once every call has ended: requests that were paid for, and of them those that no cache has. */
async function spent(setting: TestEnrichment, { name, operations }: PaidKind) {
  // What a killed process was just storing is there, or is not there any more.
  const sessions =
    "select from pg_stat_activity where datname = current_database() and application_name like '% enricher %'";
  await until(async () => (await setting.client.query(sessions)).rowCount === 0, {
    deadlineMs: DEADLINE_MS,
    what: 'the sessions of whoever was killed to end',
  });
  const counts = () =>
    setting.awsLocal.control.calls().operations.filter(({ operation }) => operations.includes(operation));
  const ended = (statuses: Readonly<Record<string, number>>): number =>
    Object.values(statuses).reduce((sum, count) => sum + count, 0);
  await until(() => counts().every(({ calls, statuses }) => calls === ended(statuses)), {
    deadlineMs: DEADLINE_MS,
    what: `the calls of ${name} to end`,
  });
  const paid = counts().reduce(
    (sum, { operation, paid_calls, paid_units }) =>
      sum + (operation === 'InvokeModel' ? paid_calls : paid_units / TEXT_UNITS),
    0,
  );
  const { rows } = await setting.client.query<{ cached: number }>(
    'select count(*)::int4 as cached from afterglow_internal.request_cache where enrichment = $1',
    [name],
  );
  const cached = Number(rows[0]?.cached ?? 0);
  return { paid, cached, lost: paid - cached };
}

test(`killed ${FAULT_LENGTHS.enricherKills} times at random moments: one outcome of every change, first ones in order, paid once but for what was under way (seed ${SEED})`, {
  timeout: 1_800_000,
}, async () => {
  const random = seededRandom(SEED);
  await using setting = await createEnrichment(
    fraud('fraud', BATCH_ROWS) + sentiment('sentiment', BATCH_ROWS) + embedding(),
  );
  const { awsLocal, definition } = setting;
  awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 20, jitter_ms: 40 } });
  const rounds = FAULT_LENGTHS.enricherKills + 1;
  const changes: Payment[] = Array.from({ length: rounds * CHANGES_OF_ROUND }, (_, index) => ({
    id: Math.floor(random() * KEYS),
    amount: index + 0.5,
    // A third of the texts were there before: those are paid once, too.
    note: `The lamp of order ${index - Math.floor(random() * 3) * (index % 7)} is a good one.`,
  }));
  const texts = new Set(changes.map(({ note }) => note)).size;
  const published = (name: string): Promise<number> =>
    topicSize(enrichedTopic(definition.pipeline, name)).catch(() => 0);
  const lost = new Map(PAID.map(({ name }) => [name, 0]));

  for (let kill = 1; kill < rounds; kill++) {
    await setting.publish(changes.slice((kill - 1) * CHANGES_OF_ROUND, kill * CHANGES_OF_ROUND));
    await Promise.all(
      NAMES.map(async (name) => {
        const child = await setting.startProcess(name);
        const wanted = (await published(name)) + Math.floor(random() * CHANGES_OF_ROUND);
        await until(async () => (await published(name)) > wanted || child.end !== undefined, {
          deadlineMs: DEADLINE_MS,
          what: `more than ${wanted} outcomes of ${name} before kill ${kill}`,
        });
        child.kill('SIGKILL');
        await child.ended;
      }),
    );
    for (const kind of PAID) {
      const before = lost.get(kind.name) ?? 0;
      const { paid, lost: now } = await spent(setting, kind);
      report(`kill ${kill} of ${kind.name}: ${paid} paid, ${now - before} of them lost with it`);
      expect(now - before, `requests of ${kind.name} lost with kill ${kill}`).toBeLessThanOrEqual(
        kind.underWayMax,
      );
      lost.set(kind.name, now);
    }
  }

  await setting.publish(changes.slice((rounds - 1) * CHANGES_OF_ROUND));
  const children = await Promise.all(NAMES.map((name) => setting.startProcess(name)));
  for (const name of NAMES) {
    const firsts = await until(
      async () => {
        if ((await published(name)) < changes.length) return undefined;
        const all = firstsOf(await setting.outcomes(name));
        return all.length === changes.length ? all : undefined;
      },
      { deadlineMs: DEADLINE_MS, everyMs: 500, what: `an outcome of every change by ${name}` },
    );
    expect(firsts.every(({ status }) => status === 'scored')).toBe(true);
    expect(await setting.archived(name)).toBe(0);
  }
  for (const child of children) expect(await child.stop(DEADLINE_MS)).toEqual({ status: 0, signal: null });

  for (const kind of PAID) {
    const total = await spent(setting, kind);
    // Nothing was paid twice but what a kill had taken with it.
    expect(total, kind.name).toEqual({
      paid: texts * kind.requests + (lost.get(kind.name) ?? 0),
      cached: texts * kind.requests,
      lost: lost.get(kind.name),
    });
  }
  const asked = awsLocal.control
    .calls()
    .operations.reduce((sum, { operation, rows }) => sum + (operation === 'InvokeEndpoint' ? rows : 0), 0);
  // Not paid by the call, so nothing is kept: a kill costs what was called and not yet committed, one window at most.
  expect(asked).toBeLessThanOrEqual(changes.length + FAULT_LENGTHS.enricherKills * 2_000);
});
