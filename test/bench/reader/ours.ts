import { resolve } from 'node:path';
import { NODE_ARGUMENTS } from '../../../services/cli/node24.js';
import { cdcTopic } from '../../../shared/contracts/topics.ts';
import { slotName } from '../../../shared/side-tables/names.ts';
import type { Capture } from './capture.ts';
import { startMeasured } from './measured-process.ts';
import { REPOSITORY } from './parts.ts';
import { DEFINITION_FILE, readDefinition } from './workload.ts';

/** The reader as users run it; with a folder for profiles it leaves one there for every run. */
export async function ourReader(profileFolder: string | undefined): Promise<Capture> {
  const { pipeline } = await readDefinition();
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profileFolder)];
  return {
    name: 'ours',
    slot: slotName(pipeline),
    topic: cdcTopic(pipeline, 'public', 'payments'),
    start: async ({ folder, brokers }, { databaseUrl }) =>
      await startMeasured({
        folder,
        name: 'ours',
        program: process.execPath,
        programArguments: [
          ...NODE_ARGUMENTS,
          ...profile,
          `${REPOSITORY}/services/cli/main.ts`,
          '--config',
          DEFINITION_FILE,
          'reader',
        ],
        environment: { DATABASE_URL: databaseUrl, KAFKA_BROKERS: brokers },
      }),
  };
}
