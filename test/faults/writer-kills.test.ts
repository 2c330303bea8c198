// F17: a writer that is killed anywhere, between any two lines: nothing is lost, nothing stays twice, nothing old comes back.
import { expect, test } from 'vitest';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { seededRandom } from '../support/random-workload.ts';
import { deleted, scored, skipped } from '../support/side-tables.ts';
import { until } from '../support/wait.ts';
import { createWriting, type TestWriting } from '../support/writing.ts';

const { writerKills: KILLS } = FAULT_LENGTHS;
const SEED = Number(process.env.AFTERGLOW_TEST_SEED ?? Date.now() % 1_000_000);
const KEYS = 200;
const AT_ONCE = 400;
const START_MAX_MS = 120_000;
const RUN_MAX_MS = 400;

/** What stands in the tables, and who wrote it last. */
async function tables({ client }: TestWriting): Promise<readonly unknown[]> {
  const { rows } = await client.query(
    `select key_id as id, (commit_lsn - '0/0')::int4 as at, status, score
       from afterglow_internal.state_fraud full join afterglow.fraud on id = key_id order by key_id, id`,
  );
  return rows;
}

test(`a writer that is killed ${KILLS} times under load (seed ${SEED})`, {
  timeout: 400_000 + KILLS * START_MAX_MS,
}, async () => {
  await using writing = await createWriting();
  const random = seededRandom(SEED);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const newest = new Map<
    number,
    { readonly at: number; readonly status: string; readonly score: string | null }
  >();
  let at = 0;
  const publish = async (): Promise<void> => {
    const events = Array.from({ length: AT_ONCE }, () => {
      const id = upTo(KEYS);
      at += 1;
      const kind = upTo(10);
      const score = upTo(1_000) / 1_000;
      const status = kind === 0 ? 'deleted' : kind === 1 ? 'skipped' : 'scored';
      newest.set(id, { at, status, score: status === 'scored' ? String(score) : null });
      if (status === 'deleted') return deleted(String(id), at);
      return status === 'skipped' ? skipped(String(id), at) : scored(String(id), at, score);
    });
    await writing.publish(events);
  };
  const moved = async (): Promise<boolean> =>
    (await tables(writing)).some((row) => (row as { at: number }).at > at - AT_ONCE);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await using writer = await writing.startProcess();
    await publish();
    await writer.outputMatching(/"msg":"writing"/, START_MAX_MS);
    // From before the first batch to after the last commit of offsets: anywhere.
    if (upTo(3) > 0) await until(moved, { deadlineMs: START_MAX_MS, what: 'the writer to write' });
    const killAtMs = performance.now() + upTo(RUN_MAX_MS);
    while (performance.now() < killAtMs) await publish();
    writer.kill('SIGKILL');
    await writer.ended;
    report(`kill ${kill} of ${KILLS}`);
  }
  await publish();
  await using _last = await writing.startProcess();
  await writing.caughtUp(START_MAX_MS * 2);
  const wanted = [...newest].toSorted(([one], [other]) => one - other);
  expect(await tables(writing)).toEqual(wanted.map(([id, row]) => ({ id: String(id), ...row })));
});
