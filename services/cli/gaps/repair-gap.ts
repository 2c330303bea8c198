import { AfterglowError } from '../../../shared/errors/catalogue.ts';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { type RepairPlan, repairGap } from '../../reader/main.ts';
import { requireDefinition } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { isConfirmed } from '../question.ts';
import { chooseParts } from '../settings.ts';
import { gapJson, gapLines } from './gap-lines.ts';

export async function runRepair(invocation: Invocation, newEpoch: boolean): Promise<number> {
  const { output } = invocation;
  const definition = await requireDefinition(invocation);
  const { databaseUrl, brokers } = chooseParts(invocation);
  const logger = createLogger('gaps', invocation.logLevel ?? 'silent');
  const waitedFor = new Set<number>();
  const gap = await repairGap({
    definition,
    databaseUrl,
    brokers,
    logger,
    newEpoch,
    consent: async (plan) => {
      if (!output.isJson) for (const line of planLines(plan)) output.note(line);
      return await isConfirmed(invocation, 'Do this?');
    },
    onWaiting: ({ pid, ageSeconds }) => {
      if (waitedFor.has(pid)) return;
      waitedFor.add(pid);
      const since = ageSeconds === undefined ? '' : `, ${Math.round(ageSeconds)} s`;
      output.note(`The new slot waits for process ${pid}${since} in a write transaction.`);
    },
  });
  if (gap === undefined) throw new AfterglowError('consent_missing', 'Nothing was repaired.');
  if (output.isJson) output.json(gapJson(gap));
  else for (const line of gapLines(gap)) output.line(line);
  return 0;
}

export function planLines(plan: RepairPlan): readonly string[] {
  const tables = plan.tables.map(({ schema, name }) => `${schema}.${name}`).join(', ');
  const lines = [plan.message];
  if (plan.raisesEpoch) {
    lines.push(`  This database counts from now on: epoch ${plan.epoch}, newer than everything in Kafka.`);
  }
  if (plan.replacesSlot) lines.push('  The replication slot is dropped if it is there, and made anew.');
  if (plan.tables.length === 0) {
    lines.push('  No row is read again: no table concerned is a source any more.');
    return lines;
  }
  lines.push(`  Every row of ${tables} is read again, and goes through its models unless nothing changed.`);
  lines.push('  Results whose rows are gone are deleted.');
  return lines;
}
