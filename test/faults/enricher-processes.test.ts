// Enrichers as processes that are killed and frozen: what a consumer of the topic and the tables have at the end.
import { describe, expect, test } from 'vitest';
import { run as runWriter } from '../../services/writer/main.ts';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { createTelemetry } from '../../shared/telemetry/http.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { createEnrichment, fraud, type Payment, type TestEnrichment } from '../support/enrichment.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { brokers } from '../support/stack.ts';
import { until } from '../support/wait.ts';

const SEED = 20_261_121;
const READY_MAX_MS = 60_000;

/** A generator of numbers below 1 that a seed repeats. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const isNewer = (one: EnrichedEvent, other: EnrichedEvent): boolean =>
  one.source.commit_lsn > other.source.commit_lsn;

/** What a consumer from zero holds: of each key the outcome of its newest position, whatever repeats and order. */
function held(outcomes: readonly EnrichedEvent[]): Readonly<Record<string, string>> {
  const newest = new Map<string, EnrichedEvent>();
  for (const event of outcomes) {
    const id = String(event.key.id);
    const known = newest.get(id);
    if (known === undefined || isNewer(event, known)) newest.set(id, event);
  }
  return Object.fromEntries(
    [...newest].flatMap(([id, event]) => (event.status === 'scored' ? [[id, scoreOf(event.result)]] : [])),
  );
}

const scoreOf = (result: unknown): string => String((result as { score: number }).score);

async function table({ client }: TestEnrichment): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ id: string; score: number }>('select id, score from afterglow.fraud');
  return Object.fromEntries(rows.map(({ id, score }) => [id, String(score)]));
}

function writer({ definition, databaseUrl }: TestEnrichment): AsyncDisposable {
  const stopping = new AbortController();
  const ended = runWriter(
    {
      definition,
      databaseUrl,
      brokers: [brokers()],
      logger: createLogger('writer', 'silent'),
      telemetry: createTelemetry(),
    },
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

/** First publications of a key are in the order of positions; only repeats may follow. */
function expectFirstsInOrder(outcomes: readonly EnrichedEvent[]): void {
  const newest = new Map<string, string>();
  const seen = new Set<string>();
  for (const { key, source } of outcomes) {
    const id = String(key.id);
    const place = `${id} ${source.commit_lsn}`;
    if (seen.has(place)) continue;
    seen.add(place);
    expect((newest.get(id) ?? '') < source.commit_lsn, `${place} is newer than all before it`).toBe(true);
    newest.set(id, source.commit_lsn);
  }
}

describe('an enricher process', () => {
  test(`killed at ${FAULT_LENGTHS.enricherKills} random moments: every change has its outcome, first ones in order, calls within bounds`, {
    timeout: 600_000,
  }, async () => {
    const random = seeded(SEED);
    const callRows = 5;
    await using setting = await createEnrichment(fraud('fraud', callRows));
    const { awsLocal } = setting;
    awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 20, jitter_ms: 40 } });
    const changes: Payment[] = Array.from({ length: FAULT_LENGTHS.enricherKills * 300 }, (_, index) => ({
      id: Math.floor(random() * 500),
      amount: index + 0.5,
    }));
    const keys = new Set(changes.map(({ id }) => id)).size;
    const share = Math.ceil(changes.length / (FAULT_LENGTHS.enricherKills + 1));
    for (let kill = 0; kill < FAULT_LENGTHS.enricherKills; kill++) {
      const child = await setting.startProcess();
      await setting.publish(changes.slice(kill * share, (kill + 1) * share));
      const before = await published(setting);
      const wanted = before + Math.floor(random() * share);
      await until(async () => (await published(setting)) > wanted || child.end !== undefined, {
        deadlineMs: READY_MAX_MS,
        what: `outcome ${wanted} before kill ${kill + 1}`,
      });
      child.kill('SIGKILL');
      await child.ended;
      report(`kill ${kill + 1}, seed ${SEED}`);
    }
    await setting.publish(changes.slice(FAULT_LENGTHS.enricherKills * share));
    await setting.startProcess();
    const distinct = (outcomes: readonly EnrichedEvent[]): number =>
      new Set(outcomes.map(({ key, source }) => `${key.id} ${source.commit_lsn}`)).size;
    const outcomes = await until(
      async () => {
        const all = await setting.settled(keys);
        return distinct(all) === changes.length ? all : undefined;
      },
      { deadlineMs: READY_MAX_MS, everyMs: 500, what: 'an outcome of every change' },
    );
    expect(outcomes.every(({ status }) => status === 'scored')).toBe(true);
    expectFirstsInOrder(outcomes);
    const asked = awsLocal.control.calls().operations.reduce((sum, { rows }) => sum + rows, 0);
    // Not paid by the call, so nothing is kept: a kill costs what was called and not yet committed, one window at most.
    expect(asked).toBeLessThanOrEqual(changes.length + FAULT_LENGTHS.enricherKills * 2_000);
    expect(asked).toBeGreaterThanOrEqual(changes.length);
  });

  test('frozen past its session and woken beside its successor: a consumer from zero equals the table', {
    timeout: 300_000,
  }, async () => {
    await using setting = await createEnrichment();
    await using _writer = writer(setting);
    const { awsLocal } = setting;
    const keys = 60;
    let amount = 0;
    const round = (): Payment[] =>
      Array.from({ length: keys }, (_, id) => ({ id, amount: ++amount + 0.5, op: 'u' }));
    awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 30, jitter_ms: 50 } });
    const first = await setting.startProcess();
    await setting.publish(round());
    await setting.settled(keys);
    await setting.publish([...round(), ...round(), ...round()]);
    first.kill('SIGSTOP');
    const second = await setting.startProcess();
    await second.outputMatching(/"msg":"enriching"/, READY_MAX_MS);
    await setting.publish([...round(), ...round()]);
    const changes = 6 * keys;
    const distinct = async (): Promise<number> =>
      new Set((await setting.outcomes()).map(({ key, source }) => `${key.id} ${source.commit_lsn}`)).size;
    await until(async () => (await distinct()) === changes, {
      deadlineMs: READY_MAX_MS,
      everyMs: 500,
      what: 'the second process to have taken over',
    });
    first.kill('SIGCONT');
    await setting.publish(round());
    await until(async () => (await distinct()) === changes + keys, {
      deadlineMs: READY_MAX_MS,
      everyMs: 500,
      what: 'everything after both are awake',
    });
    const outcomes = await setting.outcomes();
    expectFirstsInOrder(outcomes);
    const expected = held(outcomes);
    expect(Object.keys(expected).length).toBe(keys);
    await until(
      async () => JSON.stringify(sorted(await table(setting))) === JSON.stringify(sorted(expected)),
      {
        deadlineMs: READY_MAX_MS,
        everyMs: 500,
        what: 'the table to equal what a consumer holds',
      },
    );
    first.kill('SIGTERM');
  });
});

const sorted = (record: Readonly<Record<string, string>>): readonly (readonly [string, string])[] =>
  Object.entries(record).toSorted(([one], [other]) => Number(one) - Number(other));

async function published({ outcomes }: TestEnrichment): Promise<number> {
  return (await outcomes()).length;
}
