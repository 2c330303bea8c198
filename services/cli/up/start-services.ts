import { fillDemo } from '../demo-traffic.ts';
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

/** The rows that a demo begins with: only now that the reader watches, so that each of them gets its outcome too. */
export async function fillTables(run: UpRun, { databaseUrl }: UpParts): Promise<void> {
  if (!hasDemoTables(run)) return;
  const rows = await fillDemo(databaseUrl);
  if (rows > 0) run.say(`filled the demo tables with ${rows.toLocaleString('en-US')} rows`);
}

const hasDemoTables = ({ plan, options }: UpRun): boolean =>
  plan.database.owner === 'embedded' || options.demoIntoThisDatabase;

/** Stopped before the services, so that they see the end of what it wrote. */
export function startTraffic(run: UpRun, { databaseUrl }: UpParts): void {
  if (!hasDemoTables(run)) return;
  const { services, ending, options } = run;
  services.start(demoPlan(commonSettings(run), databaseUrl, options.rowsPerSecond));
  ending.defer(() => services.stop('demo'));
}
