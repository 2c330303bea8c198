import type { Definition } from '../../shared/config/definition.ts';
import { pause } from '../../shared/lifecycle/run-service.ts';
import { type SpendToday, spendToday } from './cost/spend-today.ts';
import { requireDefinition } from './definition.ts';
import type { Invocation } from './invocation.ts';
import { chooseParts, runningStack } from './settings.ts';
import { readStackServices } from './stack-services.ts';
import { type StatusReport, statusLines, statusReport } from './status-report.ts';
import { listenForInterruption } from './up/interruption.ts';
import { DatabaseReadings } from './view/database-readings.ts';
import { Figures, toReading } from './view/figures.ts';
import { KafkaReadings } from './view/kafka-readings.ts';
import { LiveScreen } from './view/live-screen.ts';

const EVERY_MS = 1_000;

export async function showStatus(invocation: Invocation, isWatching: boolean): Promise<number> {
  const { output } = invocation;
  const definition = await requireDefinition(invocation);
  const parts = chooseParts(invocation);
  await using database = new DatabaseReadings(parts.databaseUrl, definition);
  await using kafka = new KafkaReadings(parts.brokers, definition);
  using interruption = listenForInterruption(() => process.exit(130));
  output.onClosed(() => interruption.end());
  const figures = new Figures();
  using screen =
    isWatching && output.isTerminal && !output.isJson ? new LiveScreen(output.terminal) : undefined;
  let report: StatusReport;
  do {
    report = await read(invocation, definition, database, kafka, figures);
    if (output.isJson) output.json(report);
    else {
      const lines = statusLines(report, output.columns ?? 120, output.paint);
      if (screen === undefined) for (const line of lines) output.line(line);
      else screen.draw(lines.slice(0, screen.size.rows - 1));
    }
    if (!isWatching) break;
  } while (await pause(EVERY_MS, interruption.signal));
  return report.exit;
}

async function read(
  invocation: Invocation,
  definition: Definition,
  database: DatabaseReadings,
  kafka: KafkaReadings,
  figures: Figures,
): Promise<StatusReport> {
  const stack = runningStack(invocation);
  const [services, slot, redos, sweeps, audits, spend, hops] = await Promise.all([
    stack === undefined ? [] : readStackServices(stack, definition),
    settled(database.slot()),
    settled(database.waitingRedos()),
    settled(database.openSweeps()),
    settled(database.lastAudits()),
    settled(spendNow(database)),
    settled(kafka.lag()),
  ]);
  figures.add(
    toReading(
      performance.now(),
      services.map(({ reading }) => reading?.samples ?? []),
    ),
  );
  return statusReport({
    services,
    since: stack?.since,
    slot,
    redos,
    sweeps,
    audits,
    spend,
    hops,
    latency: figures.latency ?? figures.latencyInAll,
  });
}

async function spendNow(database: DatabaseReadings): Promise<readonly SpendToday[]> {
  const ledger = await database.ledgerToday();
  return ledger === undefined ? [] : spendToday(ledger, ledger.definition, ledger.budget);
}

/** A part that does not answer is a finding, not a reason to show nothing of the others. */
type Settled<Value> = { readonly value: Value } | { readonly error: string };

async function settled<Value>(asked: Promise<Value>): Promise<Settled<Value>> {
  try {
    return { value: await asked };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
