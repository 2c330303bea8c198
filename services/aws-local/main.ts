import { aborted } from '../../shared/lifecycle/run-service.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { type AwsLocalSettings, startAwsLocal } from './server.ts';

export { readBeginning, readFunctions } from './beginning.ts';
export { type AwsLocal, type AwsLocalSettings, startAwsLocal } from './server.ts';

/** The stand-in as a service: listens until `signal` aborts. */
export async function run(settings: AwsLocalSettings, logger: Logger, signal: AbortSignal): Promise<void> {
  const awsLocal = await startAwsLocal({
    ...settings,
    onDefect: (error) => logger.error({ err: error }, 'a request ended in a defect of the stand-in'),
  });
  logger.info({ url: awsLocal.url, latency_ms: settings.latencyMs ?? 0 }, 'standing in for AWS');
  await aborted(signal);
  await awsLocal.close();
}
