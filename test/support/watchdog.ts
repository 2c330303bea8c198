import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { notedProcess, PROCESS_NOTE } from '../../deploy/local/part-start.ts';
import { endProcess } from '../../deploy/local/processes.ts';

// Its standard input ends when the test run closes it or dies, however it dies.

const [, , folder = ''] = process.argv;
if (!basename(folder).startsWith('afterglow-test-'))
  throw new Error(`not the folder of a test run: ${folder}`);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.stdin.resume();
await once(process.stdin, 'close');
const files = await readdir(folder, { recursive: true });
const notes = files.filter((file) => basename(file) === PROCESS_NOTE);
await Promise.all(
  notes.map(async (note) => {
    const identity = notedProcess(join(folder, dirname(note)));
    const steps = [
      { signal: 'SIGINT', waitMs: 5_000 },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ] as const;
    if (identity !== undefined) await endProcess(identity, steps);
  }),
);
await rm(folder, { recursive: true, force: true });
