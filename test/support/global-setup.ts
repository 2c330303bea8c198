import type { TestProject } from 'vitest/node';
import { dockerAnswers, startContainerParts } from './container-parts.ts';
import { startEmbeddedParts } from './embedded-parts.ts';
import type { TestParts } from './parts.ts';
import { makeRunFolder } from './run-folder.ts';

interface StartedParts extends Pick<TestParts, 'postgres' | 'brokers'> {
  /** Absent where the run's folder ends them. */
  stop?(): Promise<void>;
}

/** One set of real parts for the whole run; each test makes its own database and topics in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const begin = performance.now();
  const kind = await kindOfParts(process.env.AFTERGLOW_TEST_PARTS);
  const folder = await makeRunFolder();
  try {
    const parts: StartedParts =
      kind === 'containers' ? await startContainerParts() : await startEmbeddedParts(folder.path, say);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    say(`Tests run against ${kind} PostgreSQL 16 and 18 and Kafka (up in ${seconds} s).`);
    const { postgres, brokers } = parts;
    project.provide('afterglow', { kind, postgres, brokers, folder: folder.path });
    return async () => {
      await parts.stop?.();
      await folder.end();
    };
  } catch (error) {
    await folder.end();
    throw error;
  }
}

async function kindOfParts(choice: string | undefined): Promise<TestParts['kind']> {
  if (choice === 'embedded' || choice === 'containers') return choice;
  if (choice !== undefined && choice !== '') {
    throw new Error(`AFTERGLOW_TEST_PARTS is "${choice}"; it may be "embedded" or "containers".`);
  }
  return (await dockerAnswers()) ? 'containers' : 'embedded';
}
