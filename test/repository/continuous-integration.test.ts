import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../.ci/', import.meta.url));

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

function summaryOf(report: Report | string): { readonly line: string; readonly status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'afterglow-summary-'));
  try {
    const path = join(folder, 'report.json');
    writeFileSync(path, typeof report === 'string' ? report : JSON.stringify(report));
    const { stdout, status } = spawnSync(process.execPath, [join(FOLDER, 'summary.js'), path], {
      encoding: 'utf8',
    });
    return { line: stdout, status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const nothing: Report = { success: true, numPassedTests: 0, numFailedTests: 0, testResults: [] };
const brokenFile = { status: 'failed', assertionResults: [] };
const failedFile = { status: 'failed', assertionResults: [{ status: 'failed' }] };

test.each<[string, Report | string, string, number]>([
  ['all passed', { ...nothing, numPassedTests: 7 }, '7 passed, 0 failed\n', 0],
  [
    'one failed',
    { success: false, numPassedTests: 6, numFailedTests: 1, testResults: [failedFile] },
    '6 passed, 1 failed\n',
    1,
  ],
  [
    'a file that could not be loaded',
    { success: false, numPassedTests: 6, numFailedTests: 0, testResults: [brokenFile] },
    '6 passed, 1 failed\n',
    1,
  ],
  [
    'an error outside of every test',
    { ...nothing, success: false, numPassedTests: 7 },
    '7 passed, 1 failed\n',
    1,
  ],
  ['nothing ran', nothing, '0 passed, 0 failed\n', 1],
  ['no report', '', '0 passed, 1 failed\n', 1],
])('the closing line: %s', (_what, report, line, status) => {
  expect(summaryOf(report)).toEqual({ line, status });
});

test('.ci/run is bash that can be read', () => {
  const { status, stderr } = spawnSync('bash', ['-n', join(FOLDER, 'run')], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
