// A worker that ends again and again for a reason that no row has brought about.
import { expect, test } from 'vitest';
import { createEnrichment, embedding } from '../support/enrichment.ts';
import { firstsOf } from '../support/outcomes.ts';

const ROWS = 30;
/** More than make a row run alone, had a row been to blame. */
const ENDS = 5;
const DEADLINE_MS = 120_000;

test('a table of ours that is missing ends the worker, blames no row and pays nothing; mended, every row is paid once', {
  timeout: 400_000,
}, async () => {
  await using setting = await createEnrichment(embedding());
  const { client, awsLocal } = setting;
  const paid = (): number =>
    awsLocal.control.calls().operations.reduce((sum, { paid_calls }) => sum + paid_calls, 0);
  await client.query('alter table afterglow_internal.request_cache rename to request_cache_aside');
  await setting.publish(
    Array.from({ length: ROWS }, (_, id) => ({ id, note: `The lamp number ${id} is a good one.` })),
  );
  for (let end = 1; end <= ENDS; end++) {
    const child = await setting.startProcess('embedding');
    expect(await child.ended, child.output).toEqual({ status: 70, signal: null });
    expect(child.output).toMatch(/"enriching".*"42P01"/s);
  }
  const { rows } = await client.query('select * from afterglow_internal.crash_counts');
  expect(rows).toEqual([]);
  expect(paid()).toBe(0);
  expect(await setting.outcomes('embedding')).toEqual([]);

  await client.query('alter table afterglow_internal.request_cache_aside rename to request_cache');
  await setting.startProcess('embedding');
  const outcomes = firstsOf(await setting.settled(ROWS, 'embedding', DEADLINE_MS));
  expect(outcomes.map(({ status }) => status)).toEqual(Array(ROWS).fill('scored'));
  expect(paid()).toBe(ROWS);
  expect(await setting.archived('embedding')).toBe(0);
});
