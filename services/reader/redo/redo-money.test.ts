import { expect, test } from 'vitest';
import { parse } from '../../../shared/config/fixtures/small-definition.ts';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { RedoMoney } from './redo-money.ts';

const { definition } = parse(`version: 1
pipeline: shop
sources: { notes: { table: public.notes } }
enrichments:
  mood: { from: notes, model: { kind: comprehend }, input: [body] }
`);
if (definition === undefined) throw new Error('the definition of this test is wrong');

const registered = (content: string): Queryable =>
  ({
    query: async (text: string) => ({
      rows: [text.includes('to_regclass') ? { present: true } : { content }],
    }),
  }) as unknown as Queryable;

const job = { job: '1', enrichments: ['mood'], reason: 'backfill', sweep: false } as unknown as RedoJob;

test('a redo waits in front of a budget that a newer version registered, and the session goes on', async () => {
  const money = new RedoMoney(definition);
  const forChunk = (content: string, of = job) =>
    money.forChunk(registered(content), of, async () => undefined);
  expect(await forChunk('{"daily_usd":1,"hourly_usd":2}')).toEqual({
    what: expect.stringContaining('budget'),
  });
  expect(await forChunk('{"hourly_usd":2}', { ...job, reason: 'redecide' })).toBeUndefined();
  expect(await forChunk('null')).toBeUndefined();
});
