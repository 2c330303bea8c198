import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { DatabaseError } from '../../shared/postgres/connect.ts';
import { type Arrival, applyIsolating, refusalOf } from './refusals.ts';

const arrival = (offset: number): Arrival => ({
  record: { offset: BigInt(offset) } as FetchedRecord,
  event: {} as AnyEnrichedEvent,
});

function databaseError(code: string): InstanceType<typeof DatabaseError> {
  const error = new DatabaseError('invalid input: "a value"', 1, 'error');
  error.code = code;
  return error;
}

test('exactly the refused rows stand alone; every other row is applied once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (isBad) => {
      const applied: bigint[] = [];
      const refused: bigint[] = [];
      await applyIsolating(
        isBad.map((_, index) => arrival(index)),
        async (batch) => {
          if (batch.some(({ record }) => isBad[Number(record.offset)])) throw databaseError('22008');
          applied.push(...batch.map(({ record }) => record.offset));
        },
        async ({ record }) => {
          refused.push(record.offset);
        },
      );
      const offsets = (bad: boolean) => isBad.flatMap((each, index) => (each === bad ? [BigInt(index)] : []));
      expect(applied).toEqual(offsets(false));
      expect(refused).toEqual(offsets(true));
    }),
  );
});

test('a lost connection or a deadlock refuses nothing: the batch comes again as it is', async () => {
  for (const error of [databaseError('40P01'), databaseError('57P01'), new Error('Connection terminated')]) {
    expect(refusalOf(error)).toBeUndefined();
    const applying = applyIsolating(
      [arrival(1), arrival(2)],
      async () => Promise.reject(error),
      async () => {},
    );
    await expect(applying).rejects.toBe(error);
  }
});

test('a refusal says its SQLSTATE and never the value', () => {
  expect(refusalOf(databaseError('22P02'))?.message).toBe('the side tables refuse the row (SQLSTATE 22P02)');
});
