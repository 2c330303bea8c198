import { expect, test } from 'vitest';
import type { Relation } from '../../../shared/postgres/pgoutput.ts';
import { parseSnapshot } from '../../../shared/postgres/snapshot.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { OpenChunk } from './open-chunk.ts';
import type { ReadChunk } from './read-chunk.ts';
import { StreamedTransactions } from './visibility.ts';

const JOB: RedoJob = {
  job: '3',
  schema: 'public',
  table: 'reviews',
  reason: 'repair',
  enrichments: ['sentiment'],
  condition: null,
  byKeys: true,
  sweep: false,
  ofPartitions: false,
  state: 'running',
  failure: null,
  waitsFor: null,
  estimatedRows: 2,
  lastKey: null,
  chunks: 0,
  rowsDone: 0,
  rowsGone: 0,
  rowsSuperseded: 0,
  rowsPerSecond: null,
  createdAt: '2026-11-20T09:15:02Z',
  finishedAt: null,
};
const relation: Relation = {
  tag: 'relation',
  oid: 7,
  schema: 'public',
  name: 'reviews',
  replicaIdentity: 'default',
  columns: [
    { name: 'id', partOfKey: true, typeOid: 20 },
    { name: 'body', partOfKey: false, typeOid: 25 },
  ],
};
const READ: ReadChunk = {
  table: { relation, from: 'only "public"."reviews"', columns: ['"id"', '"body"'], key: [] },
  snapshot: parseSnapshot('20:20:'),
  rows: [
    { tuple: ['1', 'good'], keyTuple: ['1', null] },
    { tuple: undefined, keyTuple: ['2', null] },
  ],
  bytes: 5,
  lastKey: ['2'],
  isLast: true,
};

function opened(...streamed: readonly number[]) {
  const chunk = new OpenChunk('c', JOB, { topic: 't', partitions: 1, key: ['id'] });
  const transactions = new StreamedTransactions();
  for (const xid of streamed) transactions.began(xid);
  chunk.low(transactions);
  chunk.fill(READ, new Map());
  const isEnded = async (): Promise<boolean> =>
    await Promise.race([chunk.ended.then(() => true), Promise.resolve().then(() => false)]);
  return { chunk, transactions, isEnded };
}

test('a chunk ends only when Kafka has confirmed the transaction that its rows went out in', async () => {
  const { chunk, transactions, isEnded } = opened(19);
  const passed = chunk.high(transactions, 100n);
  expect(passed?.redo).toEqual({ enrichments: ['sentiment'], reason: 'repair', job: '3' });
  expect(passed?.rows.map(({ key }) => key)).toEqual(['{"id":"1"}', '{"id":"2"}']);
  expect(await isEnded()).toBe(false);
  chunk.confirmed(99n);
  expect(await isEnded()).toBe(false);
  chunk.confirmed(100n);
  expect(await chunk.ended).toEqual({ kind: 'confirmed', superseded: 0, gone: 1 });
});

test('what the stream brought and the chunk could not see ends it at once, and nothing goes out', async () => {
  const { chunk, transactions } = opened(20);
  expect(chunk.high(transactions, 100n)).toBeUndefined();
  expect(await chunk.ended).toEqual({ kind: 'again', why: 'invisible' });
});

test('changes are asked for only of its table, and only between the watermarks', () => {
  const { chunk, transactions } = opened();
  expect(chunk.windowFor('public', 'reviews')).toBeDefined();
  expect(chunk.windowFor('public', 'customers')).toBeUndefined();
  chunk.windowFor('public', 'reviews')?.deleted('{"id":"1"}');
  expect(chunk.high(transactions, 100n)?.rows.map(({ key }) => key)).toEqual(['{"id":"2"}']);
  expect(chunk.windowFor('public', 'reviews')).toBeUndefined();
});
