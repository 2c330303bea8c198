import { expect, test } from 'vitest';
import type { FetchedRecord } from '../../shared/kafka/consumer.ts';
import type { Queryable } from '../../shared/postgres/connect.ts';
import { readWrittenStretches, WentBack } from '../../shared/side-tables/written-outcomes.ts';
import { stretchesOf, WrittenOutcomes } from './written-outcomes.ts';

const assignment = { current: true };
const record = (partition: number, offset: number, of = assignment, timestampMs = 7): FetchedRecord => ({
  topic: 'results',
  partition,
  offset: BigInt(offset),
  key: null,
  value: null,
  timestampMs,
  assignment: of,
});

test('a batch is of each partition one stretch, holes included', () => {
  const batch = [record(0, 4), record(1, 7), record(0, 9, assignment, 8), record(0, 10)];
  expect(stretchesOf(batch)).toEqual([
    { topic: 'results', partition: 0, first: 4n, next: 11n, newestMs: 8 },
    { topic: 'results', partition: 1, first: 7n, next: 8n, newestMs: 7 },
  ]);
});

/** A database that knows one stretch, and how often it was asked. */
function knowing(next: () => number): { readonly database: Queryable; readonly asked: () => number } {
  let asked = 0;
  const query = async () => {
    asked += 1;
    return { rows: [{ topic: 'results', partition: 0, first: '10', next: String(next()), newest: '7' }] };
  };
  return { database: { query } as unknown as Queryable, asked: () => asked };
}

const ids = new Map([['results', 'id']]);
const reading = (database: Queryable) => () => readWrittenStretches(database, ids);
const offsetsOf = (records: readonly FetchedRecord[]): readonly number[] =>
  records.map(({ offset }) => Number(offset));

test('records within what is known are passed over, until the first that is not', async () => {
  const { database, asked } = knowing(() => 20);
  const written = new WrittenOutcomes(database, ids);
  expect(offsetsOf(await written.unwritten([10, 19].map((at) => record(0, at))))).toEqual([]);
  expect(offsetsOf(await written.unwritten([record(1, 15), record(0, 20)]))).toEqual([15, 20]);
  // Offsets that fall back without a new membership are those of another topic.
  expect(offsetsOf(await written.unwritten([record(0, 11)]))).toEqual([11]);
  expect(asked()).toBe(1);
});

test('a record that came after all of them has the offset of one that a broker lost', async () => {
  const written = new WrittenOutcomes(knowing(() => 20).database, ids);
  const records = [record(0, 11), record(0, 12, assignment, 8), record(0, 13)];
  expect(offsetsOf(await written.unwritten(records))).toEqual([12, 13]);
});

test('what follows a record before the stretch is taken again: that record may have undone it', async () => {
  const written = new WrittenOutcomes(knowing(() => 20).database, ids);
  expect(offsetsOf(await written.unwritten([9, 10, 19].map((at) => record(0, at))))).toEqual([9, 10, 19]);
});

test('each membership asks anew, and where the database was away nothing is passed over', async () => {
  let isAway = true;
  const { database, asked } = knowing(() => {
    if (isAway) throw new Error('Connection terminated unexpectedly');
    return 20;
  });
  const written = new WrittenOutcomes(database, ids);
  expect(offsetsOf(await written.unwritten([record(0, 11)]))).toEqual([11]);
  isAway = false;
  expect(offsetsOf(await written.unwritten([record(0, 12)]))).toEqual([12]);
  const next = { current: true };
  expect(await written.unwritten([record(0, 11, next)])).toEqual([]);
  expect(asked()).toBe(2);
});

test('what this membership has written is where the next batch begins, holes included, and a database without it has lost it', async () => {
  let next = 20;
  const { database } = knowing(() => next);
  const written = new WrittenOutcomes(database, ids);
  const valuesOf = (records: readonly FetchedRecord[]) => {
    const [statement] = written.remembering(records);
    const [, , , first, behind, , continues] = statement?.values ?? [];
    return { first, behind, continues, error: statement?.requires?.otherwise() };
  };
  await written.unwritten([record(0, 20)]);
  expect(valuesOf([record(0, 20)])).toMatchObject({ first: ['20'], behind: ['21'], continues: [false] });
  expect(await written.isMissing(reading(database))).toBe(false);
  written.committed([record(0, 20)]);
  expect(valuesOf([record(0, 40)])).toMatchObject({ first: ['21'], behind: ['41'], continues: [true] });
  expect(valuesOf([record(0, 40)]).error).toBeInstanceOf(WentBack);
  expect(await written.isMissing(reading(database))).toBe(true);
  next = 21;
  expect(await written.isMissing(reading(database))).toBe(false);
  await written.unwritten([record(0, 41, { current: true })]);
  expect(valuesOf([record(0, 41)])).toMatchObject({ continues: [false] });
});

test('of a topic without an id nothing is noted, so nothing that was written is ever missing', async () => {
  const { database } = knowing(() => 20);
  const written = new WrittenOutcomes(database, new Map());
  await written.unwritten([record(1, 40)]);
  expect(written.remembering([record(1, 40)])).toEqual([]);
  written.committed([record(1, 40)]);
  expect(await written.isMissing(reading(database))).toBe(false);
});

test('whatever is finished is noted, a tombstone as well: a group that began again at 0 is not sent back twice', async () => {
  const written = new WrittenOutcomes(knowing(() => 20).database, ids);
  const tombstones = [record(1, 0), record(1, 5)];
  await written.unwritten(tombstones);
  const [statement] = written.remembering(tombstones);
  const [topics, partitions, , firsts, nexts] = statement?.values ?? [];
  expect([topics, partitions, firsts, nexts]).toEqual([['results'], [1], ['0'], ['6']]);
});
