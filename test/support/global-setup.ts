import type { TestProject } from 'vitest/node';
import { dockerAnswers, startContainerParts } from './container-parts.ts';
import { startEmbeddedParts } from './embedded-parts.ts';
import type { TestParts } from './parts.ts';

export interface StartedTestParts {
  readonly parts: TestParts;
  stop(): Promise<void>;
}

/** One set of real parts for the whole run; each test makes its own database and topics in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const begin = performance.now();
  const { parts, stop } = await startParts(process.env.AFTERGLOW_TEST_PARTS, say);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  say(`Tests run against ${parts.kind} PostgreSQL 16 and 18 and Kafka (up in ${seconds} s).`);
  project.provide('afterglow', parts);
  return stop;
}

async function startParts(
  choice: string | undefined,
  say: (line: string) => void,
): Promise<StartedTestParts> {
  switch (choice) {
    case 'embedded':
      return await startEmbeddedParts(say);
    case 'containers':
      return await startContainerParts();
    case undefined:
    case '':
      return (await dockerAnswers()) ? await startContainerParts() : await startEmbeddedParts(say);
    default:
      throw new Error(`AFTERGLOW_TEST_PARTS is "${choice}"; it may be "embedded" or "containers".`);
  }
}
