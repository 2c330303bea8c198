import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../../services/cli/node24.js';
import { makeRunFolder } from '../../support/run-folder.ts';
import { until } from '../../support/wait.ts';
import { type MeasuredProcess, startMeasured } from '../reader/measured-process.ts';

const PROGRAM = fileURLToPath(new URL('../../../services/cli/main.ts', import.meta.url));
const START_MAX_MS = 60_000;

export interface MeasuredStandIn extends Pick<MeasuredProcess, 'cpuSeconds' | 'peakMemoryMb'> {
  readonly port: number;
  stop(): Promise<void>;
}

/** The stand-in as users run it, in a process of its own. */
export async function startStandIn(
  profileFolder: string | undefined,
  settings: readonly string[] = [],
): Promise<MeasuredStandIn> {
  const { path: folder, end } = await makeRunFolder();
  const port = await freePort();
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profileFolder)];
  const measured = await startMeasured({
    folder,
    name: 'aws-local',
    program: process.execPath,
    programArguments: [
      ...NODE_ARGUMENTS,
      ...profile,
      PROGRAM,
      'aws-local',
      '--port',
      String(port),
      ...settings,
    ],
  });
  await until(
    async () => {
      if (measured.end !== undefined) throw new Error(`the stand-in ${measured.end}: ${measured.gist()}`);
      return await fetch(`http://127.0.0.1:${port}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    },
    { deadlineMs: START_MAX_MS, what: 'the stand-in to listen' },
  );
  return {
    port,
    cpuSeconds: measured.cpuSeconds,
    peakMemoryMb: measured.peakMemoryMb,
    stop: async () => {
      await measured.stop();
      await end();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('no port is free');
  return address.port;
}
