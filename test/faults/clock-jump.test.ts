// F20: somebody sets the clock of the reader's machine.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { comparePositions } from '../../shared/contracts/position.ts';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { readEvents, type TopicEvent } from '../support/topic.ts';

const HOUR_MS = 3_600_000;
const JUMPS_MS = [2 * HOUR_MS, -3 * HOUR_MS];
const ROWS_EACH = 500;
const DEADLINE_MS = 120_000;
const PRELOAD = fileURLToPath(new URL('../support/jumping-clock.ts', import.meta.url));

const idOf = ({ key }: TopicEvent): number => (JSON.parse(key) as { readonly id: number }).id;

test('a clock that jumps ahead and back moves no position, loses no row and breaks no connection', {
  timeout: 400_000,
}, async () => {
  await using capture = await createCapture('create table t (id int primary key)', {
    t: '{ table: public.t, partitions: 1 }',
  });
  await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
    environment: {
      ...capture.process.environment,
      NODE_OPTIONS: `--import=${PRELOAD}`,
      AFTERGLOW_TEST_CLOCK_JUMPS_MS: JUMPS_MS.join(),
    },
  });
  await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
  let inserted = 0;
  const insert = async (): Promise<void> => {
    for (let commit = 0; commit < 5; commit++) {
      await capture.client.query('insert into t select generate_series($1::int, $2::int)', [
        inserted + 1,
        inserted + ROWS_EACH / 5,
      ]);
      inserted += ROWS_EACH / 5;
    }
    await capture.caughtUp();
  };
  await insert();
  for (const [index] of JUMPS_MS.entries()) {
    reader.kill('SIGUSR2');
    await reader.outputMatching(new RegExp(`(the clock says[^]*){${index + 1}}`), DEADLINE_MS);
    await insert();
  }
  const events = await readEvents(capture.topic('t'));
  expect(events.map(idOf)).toEqual(Array.from({ length: inserted }, (_, index) => index + 1));
  const positions = events.flatMap(({ event }) => (event === null ? [] : [event.source]));
  for (const [index, position] of positions.entries()) {
    const before = positions[index - 1];
    if (before !== undefined) expect(comparePositions(before, position)).toBeLessThan(0);
  }
  const builtAtMs = events.map(({ event }) => event?.ts_ms ?? 0);
  const aheadMs = (builtAtMs[ROWS_EACH] ?? 0) - (builtAtMs[0] ?? 0);
  expect(aheadMs).toBeGreaterThan(HOUR_MS);
  expect(reader.output.match(/"msg":"streaming"/g)).toHaveLength(1);
  expect((await reader.stop(DEADLINE_MS)).status).toBe(0);
});
