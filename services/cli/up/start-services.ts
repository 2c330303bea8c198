import type { UpParts } from './parts.ts';
import { demoPlan, servicePlans } from './service-plans.ts';
import { commonSettings, type UpRun } from './up-run.ts';

const READY_MAX_MS = 60_000;

/** Reader, enrichers and writer, each in a process of its own; resolves when all of them are ready. */
export async function startServices(run: UpRun, parts: UpParts): Promise<void> {
  const { definition, services, ending, signal } = run;
  const { databaseUrl, brokers, awsEnvironment } = parts;
  const databaseUrls = parts.logins ?? { reader: databaseUrl, enricher: databaseUrl, writer: databaseUrl };
  const plans = servicePlans({ ...commonSettings(run), definition, databaseUrls, brokers, awsEnvironment });
  for (const plan of plans) services.start(plan);
  ending.defer(() => services.stop(...plans.map(({ name }) => name)));
  await services.ready(READY_MAX_MS, signal);
  signal.throwIfAborted();
}

/** Stopped before the services, so that they see the end of what it wrote. */
export function startTraffic(run: UpRun, { databaseUrl }: UpParts): void {
  const { services, ending, plan, options } = run;
  if (plan.database.owner === 'yours' && !options.demoIntoThisDatabase) return;
  services.start(demoPlan(commonSettings(run), databaseUrl, options.rowsPerSecond));
  ending.defer(() => services.stop('demo'));
}
