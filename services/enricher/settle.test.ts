import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedQueue } from '../../shared/batching/bounded-queue.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { AnsweredRow } from './ask.ts';
import { Dropped } from './dropped.ts';
import type { Change, Prepared } from './prepare.ts';
import { type RowSteps, type SettledRow, settle } from './settle.ts';

const WINDOW = { rowsMax: 10, bytesMax: 1e9 };

interface Assignment {
  current: boolean;
}

const record = (offset: number, key: string | null, assignment: Assignment): FetchedRecord => ({
  topic: 't',
  partition: 0,
  offset: BigInt(offset),
  key: key === null ? null : Buffer.from(key),
  value: null,
  timestampMs: 0,
  assignment,
});
/** Rows without a key are truncates. */
const prepare = (fetched: FetchedRecord): Prepared =>
  fetched.key === null
    ? { kind: 'truncated', record: fetched, change: {} as Change }
    : {
        kind: 'ask',
        record: fetched,
        change: {} as Change,
        row: { input: [Number(fetched.offset)] },
        inputHash: '',
      };
const answer = (value: unknown): AnsweredRow => ({
  outcome: { kind: 'ok', result: { score: value }, costNanoUsd: 0 },
  attempts: 1,
  modelMs: 0,
  batchRows: 0,
  cached: false,
});
const answered: RowSteps = {
  prepare,
  complete: async ({ record: fetched, change }) => ({
    prepared: {
      kind: 'ask',
      record: fetched,
      change,
      row: { input: [Number(fetched.offset)] },
      inputHash: '',
    },
    bytes: 0,
  }),
  ask: async ({ row }) => answer(row.input[0]),
  isAlone: () => false,
};
const queueOf = (records: readonly FetchedRecord[]): BoundedQueue<FetchedRecord> => {
  const queue = new BoundedQueue<FetchedRecord>({ rowsMax: 1_000, bytesMax: 1e9 }, () => 1);
  for (const each of records) queue.push(each);
  return queue;
};
const offsetOf = ({ prepared }: SettledRow): number => Number(prepared.record.offset);

async function collect(rows: AsyncIterable<readonly SettledRow[]>): Promise<SettledRow[]> {
  const all: SettledRow[] = [];
  for await (const settled of rows) all.push(...settled);
  return all;
}

describe('settling', () => {
  test('answers may come in any order: every row comes out once, with its own, each key in order, within the window', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.option(fc.constantFrom('a', 'b', 'c'), { freq: 10 }), { maxLength: 40 }),
        async (scheduler, keys) => {
          const assignment = { current: true };
          const queue = queueOf(keys.map((key, offset) => record(offset, key, assignment)));
          queue.close();
          let underWay = 0;
          const steps: RowSteps = {
            ...answered,
            async ask({ row }) {
              expect(++underWay).toBeLessThanOrEqual(WINDOW.rowsMax);
              await scheduler.schedule(Promise.resolve());
              underWay--;
              return answer(row.input[0]);
            },
          };
          const rows = await scheduler.waitFor(collect(settle(queue, steps, WINDOW)));
          expect(rows.map(offsetOf).toSorted((one, other) => one - other)).toEqual([...keys.keys()]);
          for (const { prepared, answered: given } of rows) {
            const expected = prepared.kind === 'ask' ? Number(prepared.record.offset) : undefined;
            expect(given?.outcome.kind === 'ok' ? given.outcome.result.score : undefined).toBe(expected);
          }
          const places = new Map(rows.map((row, place) => [offsetOf(row), place]));
          for (const [later, key] of keys.entries()) {
            for (const [earlier, other] of keys.slice(0, later).entries()) {
              if (key !== other && key !== null && other !== null) continue;
              expect(places.get(earlier)).toBeLessThan(places.get(later) ?? -1);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('an error nobody named ends it, and nothing behind it in its key comes out', async () => {
    const assignment = { current: true };
    const queue = queueOf([
      record(0, 'a', assignment),
      record(1, 'b', assignment),
      record(2, 'a', assignment),
    ]);
    const seen: number[] = [];
    const failing: RowSteps = {
      ...answered,
      async ask({ record: asked, row }) {
        if (asked.offset === 0n) throw new Error('ended');
        return answer(row.input[0]);
      },
    };
    const consume = async (): Promise<void> => {
      for await (const rows of settle(queue, failing, WINDOW)) seen.push(...rows.map(offsetOf));
    };
    await expect(consume()).rejects.toThrow('ended');
    expect(seen).not.toContain(2);
  });

  test('a dropped row keeps back those behind it in its key and no others, and the end does not wait for them', async () => {
    const assignment = { current: true };
    const queue = queueOf([0, 1, 2].map((offset) => record(offset, offset === 1 ? 'b' : 'a', assignment)));
    queue.close();
    const dropping: RowSteps = {
      ...answered,
      async ask({ record: asked, row }) {
        if (asked.offset === 0n) throw new Dropped();
        return answer(row.input[0]);
      },
    };
    expect((await collect(settle(queue, dropping, WINDOW))).map(offsetOf)).toEqual([1]);
  });

  test('after a rebalance nothing of the old membership is published, nor stands in the way of the new one', async () => {
    const before = { current: true };
    const after = { current: true };
    const never = Promise.withResolvers<AnsweredRow>();
    const queue = queueOf(Array.from({ length: WINDOW.rowsMax }, (_, offset) => record(offset, 'a', before)));
    const steps: RowSteps = {
      ...answered,
      ask: ({ record: asked, row }) =>
        asked.assignment === before ? never.promise : Promise.resolve(answer(row.input[0])),
    };
    const rows = settle(queue, steps, WINDOW);
    const next = rows.next();
    await new Promise(setImmediate);
    before.current = false;
    queue.push(record(3, 'a', after));
    expect((await next).value?.map(offsetOf)).toEqual([3]);
    never.resolve(answer(0));
    queue.push(record(4, 'a', after));
    queue.close();
    expect((await rows.next()).value?.map(offsetOf)).toEqual([4]);
    expect((await rows.next()).done).toBe(true);
  });

  test('a row that is to be alone meets no other under way', async () => {
    const assignment = { current: true };
    const queue = queueOf([0, 1, 2, 3, 4].map((offset) => record(offset, String(offset), assignment)));
    queue.close();
    const underWay = new Set<bigint>();
    const meetings: bigint[][] = [];
    const steps: RowSteps = {
      ...answered,
      isAlone: ({ offset }) => offset === 2n,
      async ask({ record: asked, row }) {
        underWay.add(asked.offset);
        await new Promise(setImmediate);
        meetings.push([...underWay]);
        underWay.delete(asked.offset);
        return answer(row.input[0]);
      },
    };
    const rows = await collect(settle(queue, steps, WINDOW));
    expect(rows.length).toBe(5);
    expect(meetings.filter((met) => met.includes(2n))).toEqual([[2n]]);
    expect(meetings.some((met) => met.length === 2)).toBe(true);
  });

  test('a row alone that waits for others, as a refusal does for an acceptance, does not keep them away for ever', async () => {
    const assignment = { current: true };
    const queue = queueOf([0, 1].map((offset) => record(offset, String(offset), assignment)));
    queue.close();
    const accepted = Promise.withResolvers<void>();
    const steps: RowSteps = {
      ...answered,
      isAlone: () => true,
      async ask({ record: asked, row }) {
        if (asked.offset === 0n) await accepted.promise;
        accepted.resolve();
        return answer(row.input[0]);
      },
    };
    const rows = await collect(settle(queue, steps, WINDOW, 50));
    expect(rows.map(offsetOf).toSorted((one, other) => one - other)).toEqual([0, 1]);
  });

  test('what is read for incomplete rows counts in the window, however small their changes are', async () => {
    const assignment = { current: true };
    const bytes = 500_000;
    const window = { rowsMax: 1_000, bytesMax: 4_000_000 };
    const queue = queueOf(Array.from({ length: 200 }, (_, offset) => record(offset, null, assignment)));
    queue.close();
    let held = 0;
    let heldMax = 0;
    const steps: RowSteps = {
      ...answered,
      prepare: (fetched) => ({ kind: 'incomplete', record: fetched, change: {} as Change }),
      async complete(row) {
        held += bytes;
        heldMax = Math.max(heldMax, held);
        await new Promise(setImmediate);
        const { prepared } = await answered.complete(row);
        return { prepared, bytes };
      },
      async ask({ row }) {
        await new Promise(setImmediate);
        held -= bytes;
        return answer(row.input[0]);
      },
    };
    expect((await collect(settle(queue, steps, window))).length).toBe(200);
    expect(heldMax).toBeGreaterThan(window.bytesMax / 2);
    expect(heldMax).toBeLessThanOrEqual(window.bytesMax + bytes);
  });

  test('the end is not kept up by a full window of rows behind one that was dropped: they come again with it', async () => {
    const assignment = { current: true };
    const queue = queueOf([0, 1, 2, 3, 4].map((offset) => record(offset, 'one', assignment)));
    const isAsked = Promise.withResolvers<void>();
    const ending = Promise.withResolvers<never>();
    const steps: RowSteps = {
      ...answered,
      prepare: (fetched) =>
        fetched.offset === 0n
          ? prepare(fetched)
          : { kind: 'skipped', record: fetched, change: {} as Change, reason: 'when' },
      ask() {
        isAsked.resolve();
        return ending.promise;
      },
    };
    const collected = collect(settle(queue, steps, { rowsMax: 100, bytesMax: 3_500 }));
    await isAsked.promise;
    queue.abandon();
    ending.reject(new Dropped());
    expect(await collected).toEqual([]);
  });
});
