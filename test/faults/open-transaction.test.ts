// F11: a write transaction that stays open, with thousands of savepoints in it.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const OPEN_MS = FAULT_LENGTHS.openTransactionMs;
const SAVEPOINTS = 5_000;
const RESIDENT_MB_MAX = 400;
const DEADLINE_MS = 120_000;
const BESIDE_EVERY_MS = 100;

test(`${SAVEPOINTS} savepoints in a transaction that stays open: others pass, memory stays, and it arrives whole`, {
  timeout: OPEN_MS * 2 + 240_000,
}, async () => {
  await using capture = await createCapture(
    'create table t (id int primary key, note text); create table beside (id int primary key)',
    { t: '{ table: public.t, partitions: 1 }', beside: 'public.beside' },
  );
  const { client } = capture;
  await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
    environment: capture.process.environment,
  });
  await reader.outputMatching(/"msg":"streaming"/, DEADLINE_MS);
  const open = await connectDatabase({
    url: capture.database.url,
    applicationName: 'test (open)',
    statementTimeoutMs: 0,
  });
  let beside = 0;
  try {
    await open.query('begin');
    await open.query(`do $$ begin
      for n in 1..${SAVEPOINTS} loop
        begin
          insert into t values (n, repeat('x', 1000));
          if n % 5 = 0 then raise exception 'undone'; end if;
        exception when others then null;
        end;
      end loop;
    end $$`);
    const committedAtMs = performance.now() + OPEN_MS;
    const isOver = async (): Promise<boolean> => {
      await client.query('insert into beside values ($1)', [++beside]);
      return performance.now() >= committedAtMs;
    };
    await until(isOver, {
      deadlineMs: OPEN_MS * 2,
      what: 'the transaction to be old enough',
      everyMs: BESIDE_EVERY_MS,
    });
    await capture.caughtUp();
    expect(await readEvents(capture.topic('t'))).toEqual([]);
    await open.query('commit');
  } finally {
    await open.end();
  }
  await capture.caughtUp();
  const keys = (await readEvents(capture.topic('t'))).map(
    ({ key }) => (JSON.parse(key) as { id: number }).id,
  );
  const kept = Array.from({ length: SAVEPOINTS }, (_, index) => index + 1).filter((n) => n % 5 !== 0);
  expect(keys).toEqual(kept);
  const others = new Set((await readEvents(capture.topic('beside'))).map(({ key }) => key));
  expect(others.size).toBe(beside);
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${reader.pid}/status`, 'utf8')) ?? [];
  const peakMb = Number(kilobytes) / 1024;
  report(
    `open for ${OPEN_MS / 1_000} s, ${beside} commits beside it, peak ${Math.round(peakMb)} MB resident`,
  );
  expect(peakMb).toBeLessThan(RESIDENT_MB_MAX);
  expect((await reader.stop(DEADLINE_MS)).status).toBe(0);
});
