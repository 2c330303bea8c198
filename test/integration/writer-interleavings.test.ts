// Whatever the order in which outcomes reach the side tables, in whatever batches, by however many writers, again and again:
// the tables end the same. What they have to end as is computed beside it, from the fence alone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyOutcomes, compareWithWritten } from '../../services/writer/apply.ts';
import { type Arrival, applyIsolating } from '../../services/writer/refusals.ts';
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { createPool, inTransaction } from '../../shared/postgres/connect.ts';
import {
  atOf,
  outcomesOf,
  type Scoring,
  STATES_SHOWN,
  type StepKind,
  standing,
  statesOf,
} from '../support/outcome-histories.ts';
import { EMBEDDING, embedded, FRAUD, type SideTableSetting, scored, setUp } from '../support/side-tables.ts';

const KEYS = ['1', '2', '3'];
const WRITERS = 3;
/** Many short histories find more than a few long ones; the whole takes some seconds. */
const HISTORIES = 150;

const history = fc.array(
  fc.record({
    kind: fc.oneof(
      { weight: 5, arbitrary: fc.constant<StepKind>('scored') },
      { weight: 3, arbitrary: fc.constant<StepKind>('cached') },
      {
        weight: 4,
        arbitrary: fc.constantFrom<StepKind>('skipped', 'failed', 'deleted', 'truncated', 'redefined'),
      },
    ),
    key: fc.constantFrom(...KEYS),
    value: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 24 },
);

/** How often each outcome is delivered, and where in the shuffled deliveries a batch ends. */
const deliveries = (count: number) =>
  fc.record({
    order: fc.shuffledSubarray(
      Array.from({ length: count * 3 }, (_, place) => place % count),
      { minLength: count * 2, maxLength: count * 3 },
    ),
    cuts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 }),
  });

async function deliver(
  setting: SideTableSetting,
  url: string,
  events: readonly AnyEnrichedEvent[],
  order: readonly number[],
  cuts: readonly number[],
): Promise<void> {
  const pool = createPool({ url, applicationName: 'interleaving-test', connectionsMax: WRITERS });
  // Every outcome at least once: what a permutation left out comes at the end.
  const missing = events.flatMap((_, place) => (order.includes(place) ? [] : [place]));
  const rest = [...order, ...missing].flatMap((place) => events[place] ?? []);
  let cut = 0;
  const write = async (): Promise<void> => {
    while (rest.length > 0) {
      const batch = rest.splice(0, cuts[cut++ % cuts.length]);
      const arrivals = batch.map((event): Arrival => ({ record: {} as FetchedRecord, event }));
      await applyIsolating(
        arrivals,
        async (some) => {
          const all = some.map(({ event }) => event);
          // The writer looks only while outcomes repeat: the fence has to do without.
          const news = all.length % 2 === 0 ? all : (await compareWithWritten(pool, setting, all)).newer;
          return await inTransaction(pool, (client) => applyOutcomes(client, setting, news));
        },
        async ({ event }, fault) => {
          throw new Error(`${event.status} was refused: ${fault.code}`);
        },
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: WRITERS }, write));
  } finally {
    await pool.end();
  }
}

async function emptied({ client, tables }: SideTableSetting): Promise<void> {
  const { enrichment } = tables;
  await client.query(`truncate afterglow.${enrichment}, afterglow_internal.state_${enrichment};
    update afterglow_internal.truncate_fences set epoch = 0, commit_lsn = '0/0', event_index = 0`);
}

test('outcomes in any order, repeated, in any batches, by three writers at once: the tables end the same', async () => {
  await using setting = await setUp(FRAUD);
  const scoring: Scoring = (id, at, value, cached) => scored(id, at, value / 10, { cached });
  await fc.assert(
    fc.asyncProperty(history, fc.gen(), async (steps, gen) => {
      const events = outcomesOf(steps, scoring);
      const { order, cuts } = gen(deliveries, events.length);
      await emptied(setting);
      await deliver(setting, setting.url, events, order, cuts);
      const wanted = standing(events);
      expect((await setting.client.query(STATES_SHOWN)).rows).toEqual(statesOf(wanted));
      const { rows: shown } = await setting.client.query('select id, score from afterglow.fraud order by id');
      expect(shown).toEqual(
        wanted.flatMap(([id, outcome]) =>
          outcome.status === 'scored' ? [{ id, score: String(outcome.result.score) }] : [],
        ),
      );
    }),
    { numRuns: HISTORIES },
  );
}, 400_000);

test('the same for results of several rows: no chunk of another outcome stays beside them', async () => {
  await using setting = await setUp(EMBEDDING, 18, ['create extension vector schema public']);
  const vectors = (at: number, count: number) =>
    Array.from({ length: count }, (_, number) => [at, number + 1, count]);
  const scoring: Scoring = (id, at, value, cached) => ({
    ...embedded(at, vectors(at % 3, value), { cached }),
    key: { id },
  });
  await fc.assert(
    fc.asyncProperty(history, fc.gen(), async (steps, gen) => {
      const events = outcomesOf(steps, scoring);
      const { order, cuts } = gen(deliveries, events.length);
      await emptied(setting);
      await deliver(setting, setting.url, events, order, cuts);
      const { rows: shown } = await setting.client.query(
        'select id, chunk, embedding from afterglow.embedding order by id, chunk',
      );
      const wanted = standing(events);
      expect(shown).toEqual(
        wanted.flatMap(([id, outcome]) => {
          if (outcome.status !== 'scored') return [];
          const { chunks } = outcome.result as unknown as { readonly chunks: readonly unknown[] };
          const at = atOf(outcome.source.commit_lsn);
          return vectors(at % 3, chunks.length).map((vector, chunk) => ({
            id,
            chunk,
            embedding: `[${vector.join(',')}]`,
          }));
        }),
      );
    }),
    { numRuns: HISTORIES / 2 },
  );
}, 400_000);
