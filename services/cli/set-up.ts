import { AfterglowError } from '../../shared/errors/catalogue.ts';
import { connectKafkaAdmin } from '../../shared/kafka/admin.ts';
import { connectDatabase, describeDatabase } from '../../shared/postgres/connect.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { requireDefinition } from './definition.ts';
import { applyInit, applyRemove, previewInit, previewRemove, SET_UP_TIMEOUT_MS } from './init/apply.ts';
import { type InitPlan, type InitStep, printSql } from './init/step.ts';
import type { Invocation } from './invocation.ts';
import { isConfirmed } from './question.ts';
import { chooseParts } from './settings.ts';

export interface InitCommandOptions {
  readonly dryRun?: boolean;
  readonly printSql?: boolean;
  readonly remove?: boolean;
}

/** `init`: set up, look first, print, or take away. */
export async function runInit(invocation: Invocation, options: InitCommandOptions): Promise<number> {
  const definition = await requireDefinition(invocation);
  const { databaseUrl, brokers } = chooseParts(invocation);
  const { output } = invocation;
  const logger = createLogger('init', invocation.logLevel ?? 'silent');
  const kafka = await connectKafkaAdmin({ brokers, clientId: `${definition.pipeline}.init`, logger });
  try {
    const client = await connectDatabase({
      url: databaseUrl,
      applicationName: 'afterglow init',
      statementTimeoutMs: SET_UP_TIMEOUT_MS,
    });
    try {
      const preview = options.remove === true ? previewRemove : previewInit;
      const isLookingOnly = options.dryRun === true || options.printSql === true;
      const planned = await preview(client, kafka, { definition });
      if (options.printSql === true) output.write(printSql(planned));
      else if (options.dryRun === true) report(invocation, planned, 'planned');
      if (isLookingOnly) return 0;
      if (options.remove === true) {
        await requireConsent(invocation, planned, describeDatabase(databaseUrl));
      }
      const apply = options.remove === true ? applyRemove : applyInit;
      report(invocation, await apply(client, kafka, { definition }), 'done');
      return 0;
    } finally {
      await client.end();
    }
  } finally {
    await kafka.close();
  }
}

async function requireConsent(invocation: Invocation, plan: InitPlan, database: string): Promise<void> {
  if (plan.steps.length === 0) return;
  if (!invocation.output.isJson) for (const line of stepLines(plan, invocation)) invocation.output.note(line);
  if (await isConfirmed(invocation, `Take all of this away from ${database}, the results with it?`)) return;
  throw new AfterglowError('consent_missing', `Nothing was taken away from ${database}.`);
}

function report(invocation: Invocation, plan: InitPlan, outcome: 'planned' | 'done'): void {
  const { output } = invocation;
  if (output.isJson) {
    output.json({ outcome, steps: plan.steps, notes: plan.notes });
    return;
  }
  for (const line of stepLines(plan, invocation)) output.line(line);
  for (const note of plan.notes) output.line(`${output.paint.warning('note')} ${note}`);
  if (plan.steps.length === 0) output.line(output.paint.good('Everything is as it should be.'));
  else if (outcome === 'done') output.line(output.paint.good(`Done: ${plan.steps.length} steps.`));
  else output.line(`${plan.steps.length} steps; nothing was changed.`);
}

function stepLines({ steps }: InitPlan, { output }: Invocation): readonly string[] {
  const width = Math.min(50, Math.max(0, ...steps.map(({ title }: InitStep) => title.length)));
  return steps.map(({ title, reason }) => `  ${title.padEnd(width)}  ${output.paint.faint(reason)}`);
}
