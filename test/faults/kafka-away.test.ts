import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startKafka } from '../../deploy/local/kafka.ts';
import { createCapture } from '../support/capture.ts';
import { startChild } from '../support/child.ts';
import { FAULT_LENGTHS, report } from '../support/fault-lengths.ts';
import { projectFolder } from '../support/project-folder.ts';
import { readEvents } from '../support/topic.ts';
import { until } from '../support/wait.ts';

const RESIDENT_MB_MAX = 400;
const ROWS = 60_000;
const LOST_FOR_READER_MS = 120_000;
const AWAY_MS = FAULT_LENGTHS.kafkaAwayMs;

test(
  'Kafka killed under load: the slot stands still, the connection is given up, memory stays, all comes after',
  async () => {
    await using project = projectFolder();
    const { folders } = project;
    const first = await startKafka({ folders, port: 0, progress: () => {} });
    await using capture = await createCapture(
      'create table t (id int primary key, body text)',
      { t: 'public.t' },
      18,
      first.brokers,
    );
    const { client, definition } = capture;
    await using reader = await startChild('services/cli/main.ts', capture.process.arguments, {
      environment: capture.process.environment,
    });
    await reader.outputMatching(/"msg":"streaming"/, 120_000);
    await client.query("insert into t values (0, 'before')");
    await capture.caughtUp();
    const slot = async () => {
      const { rows } = await client.query<{ active: boolean; confirmed: string }>(
        'select active, confirmed_flush_lsn::text as confirmed from pg_replication_slots where slot_name = $1',
        [definition.pipeline],
      );
      return rows[0] ?? { active: false, confirmed: '' };
    };

    process.kill(first.identity.pid, 'SIGKILL');
    await first.ended;
    const backAtMs = performance.now() + AWAY_MS;
    await client.query(`insert into t select n, repeat('x', 1000) from generate_series(1, ${ROWS}) n`);
    const { rows: after } = await client.query<{ lsn: string }>(
      'select pg_current_wal_insert_lsn()::text as lsn',
    );
    await until(async () => !(await slot()).active, {
      deadlineMs: LOST_FOR_READER_MS,
      what: 'the reader to give its replication connection up',
    });
    const { rows } = await client.query<{ behind: boolean }>(
      'select confirmed_flush_lsn < $2 as behind from pg_replication_slots where slot_name = $1',
      [definition.pipeline, after[0]?.lsn],
    );
    expect(rows).toEqual([{ behind: true }]);
    expect(reader.end).toBeUndefined();

    report(`Kafka stays away for ${AWAY_MS / 1_000} s`);
    await until(() => performance.now() >= backAtMs, { deadlineMs: AWAY_MS * 2, what: 'Kafka to be back' });
    expect(reader.end).toBeUndefined();
    const second = await startKafka({ folders, port: first.port, progress: () => {} });
    const keysSeen = async (): Promise<number> =>
      new Set((await readEvents(capture.topic('t'), second.brokers)).map(({ key }) => key)).size;
    await capture.caughtUp();
    expect(await keysSeen()).toBe(ROWS + 1);
    const [, kilobytes] =
      /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${reader.pid}/status`, 'utf8')) ?? [];
    const peakMb = Number(kilobytes) / 1024;
    report(`every row came after, peak ${Math.round(peakMb)} MB resident`);
    expect(peakMb).toBeLessThan(RESIDENT_MB_MAX);
    expect(await reader.stop(120_000)).toMatchObject({ status: 0 });
    await second.stop();
  },
  AWAY_MS + 500_000,
);
