import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { RowInput } from '../../shared/models/model.ts';
import type { AnsweredRow } from './ask.ts';
import type { Change, Prepared } from './prepare.ts';
import { CallWindow, settle } from './settle.ts';

const record = (offset: number): FetchedRecord => ({
  topic: 't',
  partition: 0,
  offset: BigInt(offset),
  key: null,
  value: null,
  timestampMs: 0,
  assignment: { current: true },
});
/** Every third row needs no model. */
const prepare = (fetched: FetchedRecord): Prepared =>
  fetched.offset % 3n === 0n
    ? { kind: 'pass', record: fetched }
    : { kind: 'ask', record: fetched, change: {} as Change, row: { input: [Number(fetched.offset)] } };
const answer = (row: RowInput): AnsweredRow => ({
  outcome: { kind: 'ok', result: { score: row.input[0] }, costNanoUsd: 0 },
  attempts: 1,
  modelMs: 0,
});

async function* batchesOf(sizes: readonly number[]): AsyncGenerator<readonly FetchedRecord[]> {
  let offset = 0;
  for (const size of sizes) yield Array.from({ length: size }, () => record(offset++));
}

test('calls may finish in any order: batches come out in theirs, every row with its own answer, within the window', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      async (scheduler, sizes, callsMax) => {
        let inFlight = 0;
        const ask = async (rows: readonly RowInput[]): Promise<readonly AnsweredRow[]> => {
          expect(++inFlight).toBeLessThanOrEqual(callsMax);
          await scheduler.schedule(Promise.resolve());
          inFlight--;
          return rows.map(answer);
        };
        const offsets: bigint[] = [];
        const consume = async (): Promise<void> => {
          for await (const { records, rows } of settle(
            batchesOf(sizes),
            prepare,
            ask,
            new CallWindow(callsMax),
          )) {
            offsets.push(...records.map(({ offset }) => offset));
            for (const { prepared, answered } of rows) {
              const expected = prepared.kind === 'ask' ? Number(prepared.record.offset) : undefined;
              expect(answered?.outcome.kind === 'ok' ? answered.outcome.result.score : undefined).toBe(
                expected,
              );
            }
          }
        };
        await scheduler.waitFor(consume());
        const count = sizes.reduce((sum, size) => sum + size, 0);
        expect(offsets).toEqual(Array.from({ length: count }, (_, offset) => BigInt(offset)));
      },
    ),
  );
});

test('a failed call ends the settling with its error, and nothing later comes out', async () => {
  const ask = async (rows: readonly RowInput[]): Promise<readonly AnsweredRow[]> => {
    if (Number(rows[0]?.input[0]) > 5) throw new Error('ended');
    return rows.map(answer);
  };
  const seen: bigint[] = [];
  const consume = async (): Promise<void> => {
    for await (const { records } of settle(batchesOf([3, 3, 3, 3]), prepare, ask, new CallWindow(2))) {
      seen.push(...records.map(({ offset }) => offset));
    }
  };
  await expect(consume()).rejects.toThrow('ended');
  expect(seen.length).toBe(6);
});
