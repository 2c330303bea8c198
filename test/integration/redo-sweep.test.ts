// A sweep: keys that have a result and no row, found portion by portion and published as deleted.
import { expect, test } from 'vitest';
import {
  createCollectedKeysJobs,
  createSweepJob,
  findOrphan,
  SWEPT_KEYS_MAX,
  type Sweep,
} from '../../services/reader/redo/sweep-job.ts';
import type { RowKey } from '../../shared/contracts/events.ts';
import type { DatabaseClient } from '../../shared/postgres/connect.ts';
import { forgetGapKeys } from '../../shared/side-tables/gap-keys.ts';
import { recordGap } from '../../shared/side-tables/gaps.ts';
import { createRedoSetting } from '../support/redo.ts';

const KEYS = Math.round(SWEPT_KEYS_MAX * 1.5);
/** Ordered and compared in another way than the database does by itself. */
const NOTES = `create table notes (shelf text collate "C", number int, rating int not null default 0, body text, primary key (shelf, number))`;
const SHELF = "(array['z', 'Ä', 'b'])[1 + number % 3]";

/** As if the writer had written an outcome for each of these keys. */
async function giveOutcomes(client: DatabaseClient, enrichment: string, condition: string): Promise<void> {
  await client.query(
    `insert into afterglow_internal.state_${enrichment}
       (key_shelf, key_number, epoch, commit_lsn, event_index, revision, status, as_of, committed_at)
     select ${SHELF}, number, 1, '0/1', 0, 1, 'scored', now(), now() from generate_series(1, ${KEYS}) number where ${condition}`,
  );
}

test('a sweep goes through the state tables portion by portion, and deletes exactly the keys that have no row', async () => {
  await using setting = await createRedoSetting(NOTES);
  const { client } = setting;
  const sweep: Sweep = {
    table: { schema: 'public', name: 'notes' },
    reason: 'gap',
    enrichments: ['first', 'second'],
    within: null,
  };
  await setting.read();
  await client.query(
    `insert into notes select ${SHELF}, number, 0, 'body' from generate_series(1, ${KEYS}) number where number % 50 <> 7`,
  );
  await giveOutcomes(client, 'first', 'number % 50 <> 7');
  await giveOutcomes(client, 'second', `number % 2 = 1 and number % 50 <> 7`);
  expect(await findOrphan(client, sweep)).toBeUndefined();

  await giveOutcomes(client, 'first', 'number % 50 = 7 and number % 150 <> 7 and number > 9000');
  await giveOutcomes(client, 'second', 'number % 50 = 7 and number > 12000');
  await client.query("update afterglow_internal.state_first set status = 'deleted' where key_number = 10007");
  // What is gone of a shelf that comes late in the order is not looked for from the beginning.
  const found = await findOrphan(client, sweep);
  expect(found).toBeDefined();
  await setting.consume('first', 10_000);
  await setting.consume('second', 10_000);
  const job = await createSweepJob(client, sweep, found ?? { after: null });
  const done = await setting.jobIn('done', job);
  const swept = (await setting.events()).flatMap(({ key, event }) =>
    event?.source.redo?.job === job ? [{ op: event.op, number: (JSON.parse(key) as RowKey).number }] : [],
  );
  const gone = Array.from({ length: KEYS }, (_, index) => index + 1).filter(
    (number) =>
      number % 50 === 7 && number > 9000 && number !== 10_007 && (number > 12_000 || number % 150 !== 7),
  );
  expect(swept.map(({ number }) => number).sort((a, b) => Number(a) - Number(b))).toEqual(gone);
  expect(new Set(swept.map(({ op }) => op))).toEqual(new Set(['d']));
  expect(done).toMatchObject({ rowsDone: gone.length, rowsGone: gone.length });
});

test('keys that were collected from topics are listed portion by portion, but for those that a sweep meets', async () => {
  await using setting = await createRedoSetting(NOTES);
  const { client } = setting;
  const from = { epoch: 1, lsn: 1n };
  const table = { schema: 'public', name: 'notes' };
  const draft = { reason: 'database_restored', detail: 'A copy.', halts: false, tables: [table], from };
  const gap = (await recordGap(client, draft))?.id ?? '';
  const sweep: Sweep = { table, reason: 'gap', enrichments: ['first', 'second'], within: null };
  await client.query(
    `insert into afterglow_internal.gap_keys (gap, enrichment, partition, key)
     select $1, enrichment, 0, array[${SHELF}, number::text]
       from generate_series(1, 10) number, unnest(array['first', 'second']) enrichment where enrichment = 'first' or number > 8`,
    [gap],
  );
  await giveOutcomes(client, 'first', 'number = 4');
  const jobs = await createCollectedKeysJobs(client, sweep, gap, 4);
  const { rows } = await client.query<{ enrichments: string; listed: string; places: string }>(
    `select array_to_string(enrichments, ' ') as enrichments, estimated_rows::text as listed,
            (select string_agg(place || ' ' || key[2], ',' order by place) from afterglow_internal.redo_keys k where k.job = j.job) as places
       from afterglow_internal.redo_jobs j where job = any($1::bigint[]) order by job`,
    [jobs],
  );
  expect(rows.map(({ enrichments }) => enrichments)).toEqual(['first', 'first', 'first', 'second']);
  expect(rows.map(({ listed, places }) => Number(listed) - places.split(',').length)).toEqual([0, 0, 0, 0]);
  const numbers = rows.flatMap(({ places }) => places.split(',').map((each) => Number(each.split(' ')[1])));
  expect(numbers.slice(0, 9).sort((a, b) => a - b)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10]);
  expect(numbers.slice(9).sort((a, b) => a - b)).toEqual([9, 10]);
  await forgetGapKeys(client, gap);
  expect((await client.query('select from afterglow_internal.gap_keys')).rowCount).toBe(0);
});
