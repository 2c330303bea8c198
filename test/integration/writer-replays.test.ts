// D3: what is published again, in whatever order, leaves the tables as they are, down to the versions of their rows.
import { expect, test } from 'vitest';
import { seededRandom } from '../support/random-workload.ts';
import { deleted, embedded } from '../support/side-tables.ts';
import { createWriting, EMBEDDING, type TestWriting } from '../support/writing.ts';

const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const KEYS = 40;
const OUTCOMES = 240;
const DIMENSIONS = 256;

async function versions({ client }: TestWriting): Promise<unknown> {
  const state = await client.query(
    'select key_id, commit_lsn::text, status, xmin::text from afterglow_internal.state_embedding order by key_id',
  );
  const results = await client.query(
    'select id, chunk, xmin::text, ctid::text from afterglow.embedding order by id, chunk',
  );
  return { state: state.rows, results: results.rows };
}

test(`a topic published twice more, shuffled, changes no row version, and the newest position stands everywhere (seed ${SEED})`, async () => {
  await using writing = await createWriting(EMBEDDING);
  const random = seededRandom(SEED);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const newest = new Map<string, string>();
  const log = Array.from({ length: OUTCOMES }, (_, index) => {
    const id = String(upTo(KEYS));
    const at = index + 1;
    const vector = () => Array.from({ length: DIMENSIONS }, (__, place) => (place === at % 7 ? 1 : 0.1));
    const event =
      upTo(6) === 0
        ? deleted(id, at)
        : { ...embedded(at, Array.from({ length: 1 + upTo(3) }, vector)), key: { id } };
    newest.set(id, event.source.commit_lsn);
    return event;
  });
  await using _writer = writing.start();
  await writing.publish(log, 'embedding');
  await writing.caughtUp();
  const before = await versions(writing);
  const shuffled = [...log, ...log]
    .map((event) => ({ event, order: random() }))
    .toSorted((one, other) => one.order - other.order)
    .map(({ event }) => event);
  await writing.publish(shuffled, 'embedding');
  await writing.caughtUp();
  expect(await versions(writing)).toEqual(before);
  const { rows } = await writing.client.query<{ id: string; at: string }>(
    `select key_id as id, lpad(split_part(commit_lsn::text, '/', 1), 8, '0') || '/' || lpad(split_part(commit_lsn::text, '/', 2), 8, '0') as at
       from afterglow_internal.state_embedding`,
  );
  expect(new Map(rows.map(({ id, at }) => [id, at]))).toEqual(newest);
});
