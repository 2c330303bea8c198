// An enricher process that is frozen and wakes: what a consumer of the topic and the table have at the end.
import { describe, expect, test } from 'vitest';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import { createEnrichment, type Payment, type TestEnrichment } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';
import { writerHere } from '../support/services-here.ts';
import { until } from '../support/wait.ts';

const READY_MAX_MS = 120_000;

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

describe('an enricher process', () => {
  test('frozen past its session and woken beside its successor: a consumer from zero equals the table', {
    timeout: 300_000,
  }, async () => {
    await using setting = await createEnrichment();
    await using _writer = writerHere(setting);
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
    const expected = held(outcomes);
    expect(Object.keys(expected).length).toBe(keys);
    expect(firstsOf(outcomes).length).toBe(changes + keys);
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
