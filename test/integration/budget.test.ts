// Never over budget: what the stand-in counts as paid, what the ledger says, and which rows got nothing.
import { expect, test } from 'vitest';
import type { EnrichedEvent } from '../../shared/contracts/events.ts';
import type { Purse } from '../../shared/spend/lease.ts';
import { createEnrichment, type TestEnrichment } from '../support/enrichment.ts';
import { until } from '../support/wait.ts';

const TEST_MAX_MS = 900_000;
const DEADLINE_MS = 200_000;
/** Of a short text: three units of 100 characters. */
const REVIEW_NANO_USD = 300_000;
const UNIT_NANO_USD = 100_000;

const mood = (budget: string): string => `  mood:
    from: payments
    model: { kind: comprehend, language: { detect: never, fallback: en }, rate: 1000/s }
    input: [note]
budget: ${budget}
`;

const reviews = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, note: `review ${index + 1}: works well` }));

const paidNanoUsd = ({ awsLocal }: TestEnrichment): number =>
  awsLocal.control.calls().operations.reduce((sum, { paid_units }) => sum + paid_units * UNIT_NANO_USD, 0);

interface Booked {
  readonly spent: number;
  readonly presumed: number;
  readonly leased: number;
}

async function booked({ client }: TestEnrichment, purse: Purse): Promise<Booked> {
  const { rows } = await client.query<Record<keyof Booked, string>>(
    `select coalesce(sum(spent_nano_usd), 0)::text as spent,
            (coalesce(sum(presumed_nano_usd), 0) + (select coalesce(sum(granted_nano_usd), 0) from afterglow_internal.leases
              where purse = $1 and expires_at <= now()))::text as presumed,
            (select coalesce(sum(granted_nano_usd), 0) from afterglow_internal.leases
              where purse = $1 and expires_at > now())::text as leased
       from afterglow_internal.ledger where purse = $1`,
    [purse],
  );
  const [row] = rows;
  return { spent: Number(row?.spent), presumed: Number(row?.presumed), leased: Number(row?.leased) };
}

/** Of rows: what is repeated after a rebalance is the same row's. */
function countOf(outcomes: readonly EnrichedEvent[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const status of statusByKey(outcomes).values()) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const statusByKey = (outcomes: readonly EnrichedEvent[]): ReadonlyMap<unknown, EnrichedEvent['status']> =>
  new Map(outcomes.map(({ key, status }) => [key.id, status]));

/** As a process said last; undefined: not yet. */
function partitionsOf(output: string): number | undefined {
  const said = [...output.matchAll(/"partitions":(\d+)/g)].at(-1)?.[1];
  return said === undefined ? undefined : Number(said);
}

test('a dollar scores 3,333 of 10,000 short reviews, whoever of eight processes asks, and the rest is over budget', {
  timeout: TEST_MAX_MS,
}, async () => {
  await using enrichment = await createEnrichment(mood('{ daily_usd: 1, on_reached: skip }'), {
    partitions: 8,
  });
  const children = await Promise.all(Array.from({ length: 8 }, () => enrichment.startProcess('mood')));
  // A partition that goes from one to another while a call is under way may have it paid twice.
  await until(() => children.every(({ output }) => partitionsOf(output) === 1), {
    deadlineMs: DEADLINE_MS,
    what: 'each process to have one of the eight partitions',
  });
  await enrichment.publish(reviews(10_000));
  const outcomes = await enrichment.settled(10_000, 'mood', DEADLINE_MS);
  expect(countOf(outcomes)).toEqual({ scored: 3_333, over_budget: 6_667 });
  const over = outcomes.find(({ status }) => status === 'over_budget');
  expect(over).toMatchObject({ limit: 'daily_usd', resets_at: expect.stringMatching(/T00:00:00\.000000Z$/) });
  const spent = 3_333 * REVIEW_NANO_USD;
  expect(paidNanoUsd(enrichment)).toBe(spent);
  await until(async () => (await booked(enrichment, 'live')).leased === 0, {
    deadlineMs: DEADLINE_MS,
    what: 'no lease to be out',
  });
  expect(await booked(enrichment, 'live')).toEqual({ spent, presumed: 0, leased: 0 });
});

test('killed again and again, the processes never spend more than the limit, and what is presumed covers what nobody could say', {
  timeout: TEST_MAX_MS,
}, async () => {
  const LIMIT_NANO_USD = 200_000_000;
  const ROWS = 1_500;
  await using enrichment = await createEnrichment(mood('{ daily_usd: 0.2, on_reached: skip }'), {
    partitions: 3,
  });
  const { awsLocal } = enrichment;
  awsLocal.control.addFault({ fault: { kind: 'latency', latency_ms: 60 } });
  await enrichment.publish(reviews(ROWS));
  for (const paid of [10_000_000, 90_000_000]) {
    const children = await Promise.all([1, 2].map(() => enrichment.startProcess('mood')));
    await until(() => paidNanoUsd(enrichment) >= paid, {
      deadlineMs: DEADLINE_MS,
      what: `${paid} nano-dollars paid`,
    });
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.ended));
  }
  await enrichment.startProcess('mood');
  const outcomes = await enrichment.settled(ROWS, 'mood', DEADLINE_MS);
  await until(async () => (await booked(enrichment, 'live')).leased === 0, {
    deadlineMs: DEADLINE_MS,
    what: 'no lease to be out',
  });
  const { spent, presumed } = await booked(enrichment, 'live');
  const paid = paidNanoUsd(enrichment);
  expect(paid).toBeLessThanOrEqual(LIMIT_NANO_USD);
  expect(spent + presumed).toBeLessThanOrEqual(LIMIT_NANO_USD);
  expect(spent + presumed).toBeGreaterThan(LIMIT_NANO_USD - REVIEW_NANO_USD);
  expect(presumed).toBeGreaterThanOrEqual(paid - spent);
  expect(presumed).toBeGreaterThan(0);
  const byKey = statusByKey(outcomes);
  const scored = [...byKey.values()].filter((status) => status === 'scored').length;
  expect([...new Set(byKey.values())].toSorted()).toEqual(['over_budget', 'scored']);
  // A row that was scored, and repeated after its process died, may end as cached; none is paid twice but those under way.
  expect(scored * REVIEW_NANO_USD).toBeLessThanOrEqual(paid);
});
