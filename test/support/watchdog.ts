import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { notedProcess } from '../../deploy/local/part-start.ts';
import { endProcess } from '../../deploy/local/processes.ts';

// Its standard input ends when the test run closes it or dies, however it dies. Nothing here is worth a clean shutdown.

const [, , root = ''] = process.argv;
if (!basename(root).startsWith('afterglow-test-')) throw new Error(`not the folder of a test run: ${root}`);
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});

process.stdin.resume();
await once(process.stdin, 'close');
const data = join(root, 'data');
const parts = await readdir(data).catch(() => []);
await Promise.all(
  parts.map(async (name) => {
    const identity = notedProcess(join(data, name));
    const steps = [
      { signal: name.startsWith('postgres') ? 'SIGQUIT' : 'SIGTERM', waitMs: 5_000 },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ] as const;
    if (identity !== undefined) await endProcess(identity, steps);
  }),
);
await rm(root, { recursive: true, force: true });
