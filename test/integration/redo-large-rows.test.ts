// Rows read again: however large those are that stand behind small ones, a chunk is never more than its bytes and a row.
import { expect, test } from 'vitest';
import { type ReadChunk, readChunk } from '../../services/reader/redo/read-chunk.ts';
import type { KeyTexts, RedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createRedoJob, readRedoJob } from '../../shared/side-tables/redo-jobs.ts';
import { createRedoSetting } from '../support/redo.ts';

const ROWS = 60;
const LARGE_FROM = 41;
const LARGE_BYTES = 600_000;
const LIMITS = { rowsMax: 4_096, bytesMax: 2_000_000 };
const NOTES = `create table notes (id int primary key, rating int not null default 0, body text, raw bytea, facts jsonb, numbers int[]);
  alter table notes alter raw set storage external`;
/** Compressed or not, within the row or beside it: as text each is as large. */
const LARGE = [
  `repeat('x', ${LARGE_BYTES})`,
  `decode(repeat('00', ${LARGE_BYTES / 2}), 'hex')`,
  `to_jsonb(repeat('x', ${LARGE_BYTES}))`,
  `array_fill(1, array[${LARGE_BYTES / 2}])`,
];
const values = LARGE.map(
  (value, place) => `case when n >= ${LARGE_FROM} and n % 4 = ${place} then ${value} end`,
);

test('a chunk of rows that get large after small ones holds no more than its bytes and a row, by key, condition and list', async () => {
  await using setting = await createRedoSetting(NOTES);
  const { client, definition } = setting;
  await client.query(
    `insert into notes select n, 0, ${values.join(', ')} from generate_series(1, ${ROWS}) n`,
  );
  const table = { pipeline: definition.pipeline, schema: 'public', name: 'notes', key: ['id'] };
  const ids = Array.from({ length: ROWS }, (_, index) => String(index + 1));
  const base = { schema: 'public', table: 'notes', reason: 'backfill', enrichments: ['first'] } as const;
  const jobs = [base, { ...base, condition: 'rating = 0' }, { ...base, keys: ids.map((id) => [id]) }];
  for (const wanted of jobs) {
    const job = (await readRedoJob(client, await createRedoJob(client, wanted))) as RedoJob;
    const found: (string | null | undefined)[] = [];
    let lastKey: KeyTexts | null = null;
    let chunk: ReadChunk;
    do {
      chunk = await readChunk(client, { ...job, lastKey }, table, LIMITS, async () => {});
      expect(chunk.bytes).toBeLessThan(LIMITS.bytesMax + LARGE_BYTES + 10_000);
      found.push(...chunk.rows.map(({ tuple }) => tuple?.[0]));
      lastKey = chunk.lastKey;
    } while (!chunk.isLast);
    expect(found).toEqual(ids);
  }
});
