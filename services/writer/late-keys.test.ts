import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Queryable } from '../../shared/postgres/connect.ts';
import type { LastOfKeys } from './last-of-keys.ts';
import { LateKeys } from './late-keys.ts';
import { writerMetrics } from './metrics.ts';

const IN_ORDER: LastOfKeys = { late: [], inOrder: [] };
const LATE = {
  late: [{ event: { key: { id: '1' } }, record: { partition: 0 } }],
  inOrder: [],
} as unknown as LastOfKeys;

const answering = (...enrichments: readonly string[]): Queryable =>
  ({
    query: async () => ({ rows: enrichments.map((enrichment) => ({ enrichment, partition: 0 })) }),
  }) as never;

test('what a lane notes while somebody looks, or in a transaction that ends behind the look, is not forgotten', async () => {
  const keys = new LateKeys(writerMetrics(new Registry()));
  const answer = Promise.withResolvers<{ rows: readonly [] }>();
  await keys.keep(answering(), 'earlier', LATE);
  const looking = keys.look({ query: () => answer.promise } as never);
  await keys.keep(answering(), 'meanwhile', LATE);
  answer.resolve({ rows: [] });
  await looking;
  for (const name of ['earlier', 'meanwhile']) expect(keys.concerns(name, IN_ORDER)).toBe(true);
});

test('an enrichment whose keys are settled is none to look after any more', async () => {
  const keys = new LateKeys(writerMetrics(new Registry()));
  await keys.keep(answering(), 'fraud', LATE);
  await keys.look(answering('fraud'));
  await keys.look(answering('fraud'));
  expect(keys.concerns('fraud', IN_ORDER)).toBe(true);
  await keys.look(answering());
  expect(keys.concerns('fraud', IN_ORDER)).toBe(false);
});
