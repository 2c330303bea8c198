import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { connectDatabase, type DatabaseClient } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { DemoReport } from './demo/report.ts';
import { runDemo } from './demo/run.ts';
import { assertDemoAllowed, createDemoTables, fillDemoTables } from './demo/tables.ts';
import { runUntilStopped } from './foreground.ts';
import type { Invocation } from './invocation.ts';
import { checkDatabaseUrl, ownDatabaseUrl, runningStack } from './settings.ts';
import { formatCount } from './view/numbers.ts';

export interface DemoOptions {
  readonly rate?: number;
  readonly seed?: number;
  readonly scenario?: 'ordinary' | 'card-testing';
  readonly for?: number;
  readonly demoIntoThisDatabase?: boolean;
}

/** Demo traffic in the foreground, into the running stack or into the database that the environment names. */
export async function runDemoCommand(invocation: Invocation, options: DemoOptions): Promise<number> {
  const own = ownDatabaseUrl(invocation.environment);
  const url = own ?? runningStack(invocation)?.environment.DATABASE_URL;
  if (url === undefined) throw new AfterglowError('stack_not_running');
  const isOurs = own === undefined;
  await createDemo(checkDatabaseUrl(url), { forced: isOurs || options.demoIntoThisDatabase === true });
  await fillDemo(url, options.seed);
  const logger = createLogger('demo', invocation.logLevel ?? 'info');
  let report: DemoReport | undefined;
  const status = await runUntilStopped('demo', logger, async (stopping) => {
    const signal =
      options.for === undefined ? stopping : AbortSignal.any([stopping, AbortSignal.timeout(options.for)]);
    report = await runDemo({
      url,
      signal,
      logger,
      ...(options.rate === undefined ? {} : { rowsPerSecond: options.rate }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.scenario === undefined ? {} : { scenario: options.scenario }),
      onReport: (current) => {
        if (invocation.output.isJson) invocation.output.json(current);
        else
          invocation.output.line(
            `${formatCount(current.rows)} rows in ${formatCount(current.commits)} commits`,
          );
      },
    });
  });
  return report === undefined && status === 0 ? 1 : status;
}

/** Creates the demo tables where that is allowed; nothing is written where it is not. */
export async function createDemo(url: string, settings: { readonly forced: boolean }): Promise<void> {
  await withClient(url, async (client) => {
    await assertDemoAllowed(client, settings);
    await createDemoTables(client);
  });
}

/** Rows to begin with, unless there are some. Returns how many it wrote. */
export async function fillDemo(url: string, seed?: number): Promise<number> {
  return await withClient(url, (client) => fillDemoTables(client, seed === undefined ? {} : { seed }));
}

async function withClient<T>(url: string, work: (client: DatabaseClient) => Promise<T>): Promise<T> {
  const client = await connectDatabase({ url, applicationName: 'afterglow demo' });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
