// Everything that `up` does, in its order. Each part registers how it is stopped as soon as it exists, and they are
// stopped in the reverse order, however this ends.
import { readFile } from 'node:fs/promises';
import { claimStack } from '../../../deploy/local/running-stack.ts';
import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { requireDefinition } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { foldersOf } from '../settings.ts';
import { packageVersion } from '../version.ts';
import { deleteClaimedData } from './data.ts';
import { type Interruption, listenForInterruption } from './interruption.ts';
import { showLive } from './live.ts';
import { observe, type StartedAt } from './observation.ts';
import { missingDownloads, planLines, planUp } from './plan.ts';
import { requireInitialised } from './prepare.ts';
import { ServiceGroup } from './service-group.ts';
import { ownProgram } from './service-plans.ts';
import { startParts } from './start-parts.ts';
import { fillTables, startServices, startTraffic } from './start-services.ts';
import { type Summary, summaryJson, summaryLines } from './summary.ts';
import type { UpOptions, UpRun } from './up-run.ts';

const INTERRUPTED = 130;

export async function runUp(invocation: Invocation, options: UpOptions): Promise<number> {
  const { output } = invocation;
  const startedAt: StartedAt = { date: new Date(), atMs: performance.now() };
  const killAtOnce: (() => void)[] = [];
  using interruption = listenForInterruption(() => {
    for (const kill of killAtOnce) kill();
    process.exit(INTERRUPTED);
  });
  output.onClosed(() => interruption.end());
  let summary: Summary;
  try {
    await using ending = new AsyncDisposableStack();
    const run = await begin(invocation, options, interruption, ending, killAtOnce);
    const parts = await startParts(run);
    await startServices(run, parts);
    await using observation = observe(run, parts, startedAt);
    await fillTables(run, parts);
    if (options.hasTraffic) startTraffic(run, parts);
    using _timer = endAfter(options.forMs, interruption);
    await showLive(invocation, observation.collector, interruption.signal);
    summary = await observation.summary();
    if (!output.isJson) output.line('Stopping…');
  } catch (error) {
    if (interruption.failure !== undefined) throw interruption.failure;
    // Told to stop while it was starting: what was started is stopped by now, and there is nothing to report.
    if (interruption.signal.aborted && !(error instanceof AfterglowError)) return INTERRUPTED;
    throw error;
  }
  if (output.isJson) output.json(summaryJson(summary));
  else for (const line of summaryLines(summary, output.paint)) output.line(line);
  if (interruption.failure !== undefined) throw interruption.failure;
  return 0;
}

/** The plan is told and the folder is ours; nothing runs yet. */
async function begin(
  invocation: Invocation,
  options: UpOptions,
  interruption: Interruption,
  ending: AsyncDisposableStack,
  killAtOnce: (() => void)[],
): Promise<UpRun> {
  const { output, environment, definitionFile } = invocation;
  const definition = await requireDefinition(invocation);
  const definitionText = await readFile(definitionFile, 'utf8');
  const folders = foldersOf(invocation);
  const plan = planUp(environment, options.postgresVersion, missingDownloads(folders));
  // Before anything is downloaded, started, or written anywhere.
  if (plan.databaseUrl !== undefined) await requireInitialised(plan.databaseUrl, definition);
  const say = (text: string): void => {
    if (output.isJson) output.json({ event: 'note', message: text });
    else output.line(`  ${text}`);
  };
  const claim = await claimStack(folders, ({ name, pid }) =>
    say(`stopping ${name}, left over from an earlier run (pid ${pid})`),
  );
  ending.defer(() => claim.release());
  if (output.isJson) {
    const { database, kafka, aws } = plan;
    const withoutAddress = { database: database.owner, kafka: kafka.owner, aws };
    output.json({ event: 'plan', version: packageVersion(), ...withoutAddress });
  } else {
    output.line(`${output.paint.strong('Afterglow')} ${packageVersion()}`);
    for (const line of planLines(plan, folders, output.paint)) output.line(line);
  }
  if (options.isFresh && (await deleteClaimedData(folders))) say(`deleted ${folders.data}`);
  const services = new ServiceGroup(ownProgram(), claim);
  killAtOnce.push(() => services.kill());
  const { signal } = interruption;
  return {
    invocation,
    options,
    definition,
    definitionText,
    folders,
    plan,
    claim,
    services,
    signal,
    interruption,
    ending,
    killAtOnce,
    say,
  };
}

function endAfter(forMs: number | undefined, interruption: Interruption): Disposable {
  const timer = forMs === undefined ? undefined : setTimeout(() => interruption.end(), forMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
