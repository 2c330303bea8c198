import { expect, test } from 'vitest';
import type { AnyEnrichedEvent } from '../../shared/contracts/enriched-guard.ts';
import { Fault } from '../../shared/errors/policy.ts';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import { DatabaseError } from '../../shared/postgres/connect.ts';
import { Abandoned, applyPatiently, lookPatiently } from './patience.ts';
import type { Arrival } from './refusals.ts';

const batch = (count: number): readonly Arrival[] =>
  Array.from({ length: count }, (_, offset) => ({
    record: { offset: BigInt(offset) } as FetchedRecord,
    event: {} as AnyEnrichedEvent,
  }));

/** As the driver says it, without a code. */
const NO_ANSWER = 'Query read timeout';

function databaseError(code: string): Error {
  if (code === NO_ANSWER) return new Error(NO_ANSWER);
  const error = new DatabaseError('said', 1, 'error');
  error.code = code;
  return error;
}

/** Fails with these in turn, then succeeds. */
function failing(...codes: readonly string[]) {
  const left = [...codes];
  const applied: number[] = [];
  const said: string[] = [];
  const stopping = new AbortController();
  let isWanted = true;
  return {
    applied,
    said,
    stopping,
    unwant: () => {
      isWanted = false;
    },
    apply: async (arrivals: readonly Arrival[]): Promise<number> => {
      const code = left.shift();
      if (code !== undefined) throw databaseError(code);
      applied.push(arrivals.length);
      return arrivals.length;
    },
    patience: {
      failed: (_error: unknown, tries: number) => said.push(`failed ${tries}`),
      resumed: () => said.push('resumed'),
      isWanted: () => isWanted,
      stopping: stopping.signal,
    },
  };
}

test('a batch that goes at once ends a wait, too: the batch that began it may have been given up', async () => {
  const { apply, patience, said } = failing();
  await applyPatiently(batch(1), apply, patience);
  expect(said).toEqual(['resumed']);
});

test.each([
  ['a deadlock', '40P01'],
  ['a serialization failure', '40001'],
  ['a lost connection', '08006'],
  ['a node that only reads', '25006'],
  ['a full disk', '53100'],
  ['a server that starts', '57P03'],
])('%s is waited out, and the batch is written whole', async (_what, code) => {
  const { apply, applied, patience, said } = failing(code, code);
  expect(await applyPatiently(batch(5), apply, patience)).toEqual([5]);
  expect(applied).toEqual([5]);
  expect(said).toEqual(['failed 1', 'failed 2', 'resumed']);
});

test('a batch that takes too long is halved until it does not', async () => {
  const { apply, applied, patience } = failing('57014', '57014');
  expect(await applyPatiently(batch(8), apply, patience)).toEqual([2, 2, 4]);
  expect(applied).toEqual([2, 2, 4]);
});

test('so is one whose statements took too long together, of which the server says nothing', async () => {
  const { apply, applied, patience } = failing(NO_ANSWER, NO_ANSWER);
  expect(await applyPatiently(batch(8), apply, patience)).toEqual([2, 2, 4]);
  expect(applied).toEqual([2, 2, 4]);
});

test('what no waiting mends is thrown at once', async () => {
  const { apply, patience, said } = failing('42703');
  await expect(applyPatiently(batch(2), apply, patience)).rejects.toMatchObject({ code: '42703' });
  expect(said).toEqual([]);
});

test('a look waits out a lost connection like a batch, but what it finds it says at once', async () => {
  const { apply, patience, said } = failing('08006');
  const [carried] = batch(1);
  if (carried === undefined) throw new Error('no record');
  await lookPatiently(carried, async () => void (await apply([carried])), patience);
  expect(said).toEqual(['failed 1', 'resumed']);
  for (const kind of ['set_up', 'unavailable'] as const) {
    const look = async (): Promise<void> => {
      throw new Fault(kind, 'key_type_changed', 'altered');
    };
    await expect(lookPatiently(carried, look, patience)).rejects.toMatchObject({ kind });
  }
  expect(said.filter((each) => each.startsWith('failed'))).toEqual(['failed 1']);
});

test('a batch that is somebody else’s by now, or that the end finds waiting, is left to come again', async () => {
  const revoked = failing('08006');
  revoked.unwant();
  await expect(applyPatiently(batch(2), revoked.apply, revoked.patience)).rejects.toThrow(Abandoned);
  const ended = failing('08006');
  ended.stopping.abort();
  await expect(applyPatiently(batch(2), ended.apply, ended.patience)).rejects.toThrow(Abandoned);
  expect(ended.applied).toEqual([]);
});
