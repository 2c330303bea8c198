import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectDatabase } from '../../shared/postgres/connect.ts';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { topicSize } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const ROWS = FAULT_LENGTHS.transactionRows;
/** The same for any length, since memory must not grow with the transaction. */
const RESIDENT_MB_MAX = 400;
const DEADLINE_MS = ROWS;
const REPORT_EVERY_MS = 5_000;

test(
  `${ROWS.toLocaleString('en-US')} rows in one transaction pass through less than ${RESIDENT_MB_MAX} MB`,
  async () => {
    await using capture = await createCapture('create table t (id int primary key, a text, b text, c int)', {
      t: 'public.t',
    });
    await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
      environment: capture.process.environment,
    });
    await reader.outputMatching(/"msg":"streaming"/, 120_000);
    const { url } = capture.database;
    const client = await connectDatabase({ url, applicationName: 'test', statementTimeoutMs: 0 });
    await client.query(
      `insert into t select n, repeat('x', 100), md5(n::text), n from generate_series(1, ${ROWS}) n`,
    );
    await client.end();
    const committedAtMs = performance.now();
    let reportAtMs = committedAtMs;
    const isWhole = async (): Promise<boolean> => {
      const rows = await topicSize(capture.topic('t'));
      if (performance.now() > reportAtMs) {
        report(`${rows} of ${ROWS} rows, peak ${Math.round(peakResidentMb(reader.pid))} MB`);
        reportAtMs += REPORT_EVERY_MS;
      }
      return rows === ROWS;
    };
    await until(isWhole, { deadlineMs: DEADLINE_MS, what: 'every row in the topic', everyMs: 500 });
    await capture.caughtUp();
    const peakMb = peakResidentMb(reader.pid);
    const seconds = ((performance.now() - committedAtMs) / 1_000).toFixed(1);
    report(`${ROWS} rows in ${seconds} s after their commit, peak ${Math.round(peakMb)} MB resident`);
    expect(peakMb).toBeLessThan(RESIDENT_MB_MAX);
    expect(await reader.stop(120_000)).toMatchObject({ status: 0 });
  },
  DEADLINE_MS * 2,
);

function peakResidentMb(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
