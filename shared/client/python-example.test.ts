// docs/examples/enriched_topic.py says of any log what our own client says.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, EnrichedRecord } from './change.ts';
import { Changes } from './changes.ts';
import { readLogs } from './logs.test-support.ts';
import { recordOf, tombstoneOf } from './records.test-support.ts';

const SEED = 7;
/** A process for each: few, and worth it. */
const LONG = 30;
const EXAMPLE = fileURLToPath(new URL('../../docs/examples/enriched_topic.py', import.meta.url));

/** A tombstone whose deletion was replayed and compacted away, in front of the row that is there again. */
const STRAY = [scored(2), tombstoneOf('a'), scored(1), scored(2)];

function scored(at: number): EnrichedRecord {
  return recordOf({ key: 'a', at, status: 'scored' });
}

const lineOf = ({ key, value, headers = {} }: EnrichedRecord): string =>
  JSON.stringify([String(key), value === null ? null : String(value), headers]);

function runExample(records: readonly EnrichedRecord[]) {
  const input = records.map((record) => `${lineOf(record)}\n`).join('');
  return spawnSync('python3', ['-W', 'error', EXAMPLE, '-'], { input, encoding: 'utf8' });
}

function toldBy(change: Change<{ readonly score: number }>): string {
  if (change.kind === 'truncated') return '{} truncated';
  const { keyText } = change;
  if (change.kind === 'deleted') return `${keyText} deleted`;
  const { event } = change;
  return event.status === 'scored'
    ? `${keyText} scored {"score": ${event.result.score}}`
    : `${keyText} ${event.status}`;
}

test(`the example in Python tells the same changes as the client, whatever was repeated (seed ${SEED})`, {
  timeout: 60_000,
}, () => {
  const long = readLogs.filter(({ records }) => records.length >= LONG);
  for (const records of [STRAY, ...fc.sample(long, { seed: SEED, numRuns: 6 }).map((log) => log.records)]) {
    const changes = new Changes<{ readonly score: number }>();
    const expected = records.flatMap((record) => {
      const change = changes.read(record);
      return change === undefined ? [] : [toldBy(change)];
    });
    const { stdout, stderr, status } = runExample(records);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.split('\n').filter((line) => line !== '')).toEqual(expected);
  }
});

test('it stops at an event of a newer version instead of guessing', { timeout: 60_000 }, () => {
  const record = recordOf({ key: 'a', at: 1, status: 'scored' });
  const headers = { ...record.headers, ce_type: 'dev.afterglow.enriched.v2' };
  const { status, stderr } = runExample([{ ...record, headers }]);
  expect(status).toBe(1);
  expect(stderr).toContain(
    'this program knows dev.afterglow.enriched.v1, and the event is dev.afterglow.enriched.v2',
  );
});
