import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Queryable } from '../../../shared/postgres/connect.ts';
import type { RedoJob } from '../../../shared/side-tables/redo-jobs.ts';
import { busyGroup, idleGroup, WaitingJobs } from './waiting-jobs.ts';

function watched() {
  const lines: { msg: string }[] = [];
  const stored: unknown[] = [];
  let nowMs = 0;
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const client = {
    query: async (_text: string, values: unknown[]) => void stored.push(values[1]),
  } as unknown as Queryable;
  const waiting = new WaitingJobs(logger, () => nowMs);
  const look = async (waitsFor: string | null, what: string | undefined): Promise<void> => {
    nowMs += 1_000;
    if (what === undefined) waiting.goesOn('3');
    else await waiting.waits(client, { job: '3', waitsFor } as RedoJob, what === 'busy' ? BUSY : IDLE);
  };
  return { lines, stored, look };
}
const BUSY = busyGroup('first');
const IDLE = idleGroup('first');

test('what a job waits for is stored when it lasts, and once', async () => {
  const { lines, stored, look } = watched();
  for (let second = 0; second < 5; second++) await look(null, 'idle');
  expect(stored).toEqual([]);
  await look(null, 'idle');
  for (let second = 0; second < 5; second++) await look(IDLE.what, 'idle');
  expect(stored).toEqual([IDLE.what]);
  expect(lines.map(({ msg }) => msg)).toEqual(['a redo waits']);
});

test("waits that end within seconds are nobody's business, and a busy group is nothing to warn of", async () => {
  const { lines, stored, look } = watched();
  for (const what of ['idle', 'idle', 'idle', undefined, 'idle', 'idle', 'idle']) await look(null, what);
  expect(stored).toEqual([]);
  for (let second = 0; second < 7; second++) await look(null, 'busy');
  expect(stored).toEqual([BUSY.what, BUSY.what]);
  expect(lines).toEqual([]);
});
